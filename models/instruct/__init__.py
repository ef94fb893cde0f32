"""A pretrained instruct model: prompted as it is, or tuned with LoRA; and the texts in what such a model answers."""

"""The rules of customer service in each language: what people ask, how it is answered, when a person is needed."""

"""What copy is made from and held to: voices, templates, lexicons, vocabularies, reviews."""

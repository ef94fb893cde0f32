"""What copy is written from and checked against: voices, templates, lexicons, vocabularies, reviews."""

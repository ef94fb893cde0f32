"""Product pictures: read and checked, made into vectors, recognised and compared; completed and restyled."""

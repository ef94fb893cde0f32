"""The sample shop: catalogue, shoppers with planted tastes, their behaviour, planted dirt. Arrays in, arrays out."""

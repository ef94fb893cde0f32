"""The sample shop: catalogue, shoppers with planted tastes, behaviour, planted dirt. Arrays in, arrays out."""

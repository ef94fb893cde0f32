"""Product pictures: received and checked, embedded, recognised, compared, and found by a shopper's photo."""

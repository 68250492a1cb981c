"""How much the contract finds, how soon, and how much is found by what people would use instead."""

"""What a lender's own records can foretell of an account: scores and effects of treatments, each with its card."""

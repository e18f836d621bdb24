"""What training a policy needs: learners, the vector environment they see, limits as prices, behaviour cloning."""

"""Rule packs, the gate that enforces them, and the audit that reads the log without the gate's code."""

"""Access control lists (manual chapter 44): what is allowed at each moment of reception, and what is done about it.

`run(ctx, phase, source)` runs the ACL that a main option names; `refuse` says what a refusal means for peer and logs.
Conditions, modifiers, controls and verifications are one file each with a line in their folder's `catalogue.py`.
"""

"""A finding as data: steps, from which text, a script, AWS CLI commands, replay and pins are made. Imports up to
`run`.
"""

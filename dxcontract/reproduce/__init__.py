"""A violation as a finding: steps as data, from which come plain words, a script, AWS CLI lines, replay and pins."""

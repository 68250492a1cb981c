"""dxcontract: does this endpoint behave like AWS Direct Connect?"""

__version__ = "0.1.0"

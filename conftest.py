pytest_plugins = ["dxcontract.plugin", "strategies.profiles"]

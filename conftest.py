pytest_plugins = ["dxcontract.pytest_plugin.options", "strategies.profiles"]

from datadog_checks.base import AgentCheck


class NodeLoadCheck(AgentCheck):
    """Reports the node's load of the last minute as custom.node.load.1m."""

    def check(self, instance):
        with open(instance["path"]) as loadavg:
            self.gauge("custom.node.load.1m", float(loadavg.read().split()[0]))

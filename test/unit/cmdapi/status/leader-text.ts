/** What people see of the sample, as it is to stand there: read it before you change it. */
export const leaderText = `==============================
Datadog Cluster Agent (v1.2.3)
==============================

  Status date: 2026-03-04T05:06:07.000Z
  Commit: 0123abc
  Pid: 7
  Node.js: v24.1.0
  Pod: dca-0
  Uptime: 1 d 4 h (since 2026-03-03T01:06:07Z)
  Log Level: info
  Ready: yes
  Live: yes

Paths
=====
  Config File: /etc/datadog-agent/datadog-cluster.yaml

Clocks
======
  System UTC time: 2026-03-04T05:06:07.000Z
  Datadog's clock: within 5 s of ours
  API server's clock: within 5 s of ours

Hostnames
=========
  hostname: host.example
  hostname provider: DD_HOSTNAME (environment)

Leader Election
===============
  Leader Election Status: Running
  Leader Name is: dca-0 (this replica)
  Leading since: 2026-03-03T01:06:17Z (1 d 3 h ago)
  Last renewed: 2026-03-04T05:06:02Z (5 s ago)
  Transitions: 3

Custom Metrics Server
=====================
  Port: 8443
  Datadog: https://api.datadoghq.com
  External Metrics
    Total: 12
    Valid: 9
    Not asked yet: 1
    Invalid: 2
      no_series: 1
      stale: 1
    Oldest value: 48 s

  APIService
  ----------
    Name: v1beta1.external.metrics.k8s.io
    Available: True (Passed: all checks passed)
    Service: datadog/datadog-custom-metrics-server (ours)
    Read: 2026-03-04T05:05:50Z (17 s ago)

  Certificate
  -----------
    Valid until: 2026-04-04T05:06:07Z (31 d 0 h left)

  Refresh
  -------
    Last: 2026-03-04T05:05:57Z (10 s ago)
    Took: 412 ms
    Asked: 12 queries in 1 call

  Rate limit
  ----------
    Limit: 300 calls per 1 h 0 min
    Remaining: 180
    Least remaining in this period: 180
    Reset: 2026-03-04T05:36:07Z (in 30 min 0 s)

Store
=====
  datadog-custom-metrics: 12 entries, 4.3 kB, written 2026-03-04T05:05:57.500Z
  Size: 4.3 kB in 1 ConfigMap
  Last changed: 9.5 s ago
  Last heard of: 3 s ago
  Lag: none, this replica writes them

Reflectors
==========
  autoscalers: 12 objects, last heard of 12 s ago
  authentication config: last heard of 1 s ago

Metadata Mapper
===============
  Status: services are mapped
  Cluster ID: 01234567-89ab-4cde-8f01-23456789abcd
  Nodes: 5
  Namespaces: 1
  Services: 40 groups of endpoints, 120 pods on 5 nodes

Events
======
  Status: collecting
  Position: 12345
  Waiting: 0 read, 2 on their way
  Delivered: 1000, last 2026-03-04T05:06:00Z (7 s ago)

Service Checks
==============
  Read: 2026-03-04T05:06:00Z (7 s ago) from componentstatuses
  etcd-0 [OK] since 2026-03-03T01:06:17Z (1 d 3 h ago)
  scheduler [CRITICAL] since 2026-03-04T05:00:07Z (6 min 0 s ago): refused
  Sent: 2026-03-04T05:06:01Z (6 s ago)

API Keys status
===============
  API key for queries ending with bcdef: API Key valid
    checked: 2026-03-04T04:36:07Z (30 min 0 s ago)
  application key for queries ending with 34567: application key valid
    checked: 2026-03-04T05:05:57Z (10 s ago)

Listeners
=========
  external-metrics-api: port 8443, 4 open connections
  command-api: port 5005, 1 open connection
  health: not listening

Last warnings and errors
========================
  2026-03-04T05:00:00.000Z WARN: Datadog refuses a query
    {"query":"avg:a{*}"}
`;

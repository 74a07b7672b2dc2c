import type { ObjectDraft } from '../cluster/object.js';
import type { SeededRandom } from '../seeded-random.js';
import { domains, roles } from './vocabulary.js';

/** Where a pod can run. */
export interface NodePlace {
  readonly name: string;
  readonly address: string;
  readonly zone: string;
}

/** What a node holds of an image; the names are that of its digest and that of its tag. */
export interface NodeImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

const region = 'eu-west-1';
const bornAt = '2026-01-05T08:00:00Z';
const families = ['m6i', 'm7g', 'c6i', 'c7g', 'r6i'];
const imagesPerNode = 40;

/** The places of a cloud's private network, in its way of naming them. */
export function toNodePlaces(count: number): readonly NodePlace[] {
  return Array.from({ length: count }, (_, index) => {
    const octets = [10, 12 + (index >> 15), (index >> 7) & 255, (index % 128) * 2 + 1];
    const name = `ip-${octets.join('-')}.${region}.compute.internal`;
    return { name, address: octets.join('.'), zone: `${region}${'abc'[index % 3]}` };
  });
}

/** The images that are about in the cluster; each node holds some of them. */
export function toImages(count: number, random: SeededRandom): readonly NodeImage[] {
  return Array.from({ length: count }, () => {
    const path = `${random.pick(domains)}/${random.pick(roles)}-${random.suffix(5)}`;
    const repository = `registry.example.com/${path}`;
    const digest = `${repository}@sha256:${random.hex(64)}`;
    const names = [digest, `${repository}:v${random.between(1, 9)}.${random.between(0, 99)}.0`];
    return { names, sizeBytes: random.between(2_000_000, 900_000_000) };
  });
}

/** A Node with all that a kubelet and a cloud write into one: some 14 kB of JSON, 4 kB of them metadata. */
export function toNode(place: NodePlace, images: readonly NodeImage[], random: SeededRandom): ObjectDraft {
  const instance = `i-0${random.hex(16)}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: toMetadata(place, instance, random),
    spec: { providerID: `aws:///${place.zone}/${instance}` },
    status: toStatus(place, images, random),
  };
}

function toMetadata(place: NodePlace, instance: string, random: SeededRandom): ObjectDraft['metadata'] {
  const labels = toLabels(place, random);
  const annotations = toAnnotations(place, instance, random);
  return {
    name: place.name,
    uid: random.uuid(),
    creationTimestamp: bornAt,
    labels,
    annotations,
    managedFields: toManagedFields(labels, annotations),
  };
}

function toLabels({ name, zone }: NodePlace, random: SeededRandom): Readonly<Record<string, string>> {
  const family = random.pick(families);
  const type = `${family}.4xlarge`;
  const arch = family.endsWith('g') ? 'arm64' : 'amd64';
  return {
    'beta.kubernetes.io/arch': arch,
    'beta.kubernetes.io/instance-type': type,
    'beta.kubernetes.io/os': 'linux',
    'failure-domain.beta.kubernetes.io/region': region,
    'failure-domain.beta.kubernetes.io/zone': zone,
    'k8s.io/cloud-provider-aws': random.hex(32),
    'kubernetes.io/arch': arch,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': type,
    'topology.ebs.csi.aws.com/zone': zone,
    'topology.k8s.aws/zone-id': `euw1-az${zone.charCodeAt(zone.length - 1) - 96}`,
    'topology.kubernetes.io/region': region,
    'topology.kubernetes.io/zone': zone,
    ...toPoolLabels(family, random),
    'example.com/cost-center': `${random.between(1000, 9999)}`,
    'example.com/environment': 'production',
    'example.com/team': random.pick(domains),
  };
}

function toPoolLabels(family: string, random: SeededRandom): Readonly<Record<string, string>> {
  return {
    'karpenter.k8s.aws/ec2nodeclass': 'default',
    'karpenter.k8s.aws/instance-category': family.charAt(0),
    'karpenter.k8s.aws/instance-cpu': '16',
    'karpenter.k8s.aws/instance-cpu-manufacturer': family.endsWith('g') ? 'aws' : 'intel',
    'karpenter.k8s.aws/instance-family': family,
    'karpenter.k8s.aws/instance-generation': family.charAt(1),
    'karpenter.k8s.aws/instance-hypervisor': 'nitro',
    'karpenter.k8s.aws/instance-memory': '65536',
    'karpenter.k8s.aws/instance-network-bandwidth': '12500',
    'karpenter.k8s.aws/instance-size': '4xlarge',
    'karpenter.sh/capacity-type': random.isLikely(0.6) ? 'spot' : 'on-demand',
    'karpenter.sh/nodepool': `general-${random.pick(roles)}`,
    'karpenter.sh/registered': 'true',
  };
}

function toAnnotations(
  { address }: NodePlace,
  instance: string,
  random: SeededRandom,
): Readonly<Record<string, string>> {
  return {
    'alpha.kubernetes.io/provided-node-ip': address,
    'csi.volume.kubernetes.io/nodeid': JSON.stringify({
      'ebs.csi.aws.com': instance,
      'efs.csi.aws.com': instance,
    }),
    'karpenter.k8s.aws/ec2nodeclass-hash': random.hex(19),
    'karpenter.k8s.aws/ec2nodeclass-hash-version': 'v4',
    'karpenter.sh/nodepool-hash': random.hex(19),
    'karpenter.sh/nodepool-hash-version': 'v3',
    'node.alpha.kubernetes.io/ttl': '0',
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
  };
}

/** Who wrote which field: much of the metadata of a real object, and of what a metadata-only list carries. */
function toManagedFields(labels: object, annotations: object): readonly object[] {
  const entry = (manager: string, fieldsV1: object): object => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: bornAt,
    fieldsType: 'FieldsV1',
    fieldsV1,
  });
  const owned = { 'f:labels': toFields(labels), 'f:annotations': toFields(annotations) };
  return [
    entry('kubelet', { 'f:metadata': owned, 'f:spec': { 'f:providerID': {} } }),
    { ...entry('kubelet', { 'f:status': { 'f:conditions': {}, 'f:images': {} } }), subresource: 'status' },
  ];
}

function toFields(owned: object): object {
  return Object.fromEntries(['.', ...Object.keys(owned).map((key) => `f:${key}`)].map((key) => [key, {}]));
}

function toStatus(place: NodePlace, images: readonly NodeImage[], random: SeededRandom): object {
  return {
    capacity: { cpu: '16', 'ephemeral-storage': '104845292Ki', memory: '64809532Ki', pods: '234' },
    allocatable: { cpu: '15890m', 'ephemeral-storage': '95551679124', memory: '61826620Ki', pods: '234' },
    conditions: toConditions(),
    addresses: [
      { type: 'InternalIP', address: place.address },
      { type: 'InternalDNS', address: place.name },
      { type: 'Hostname', address: place.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: toNodeInfo(random),
    images: Array.from({ length: imagesPerNode }, () => random.pick(images)),
  };
}

function toConditions(): readonly object[] {
  const pressures = [
    ['MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ].map(([type, reason, message]) => ({ type, status: 'False', reason, message }));
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  };
  return [...pressures, ready].map((condition) => ({
    ...condition,
    lastHeartbeatTime: bornAt,
    lastTransitionTime: bornAt,
  }));
}

function toNodeInfo(random: SeededRandom): object {
  return {
    machineID: random.hex(32),
    systemUUID: random.uuid(),
    bootID: random.uuid(),
    kernelVersion: '6.12.46',
    osImage: 'Bottlerocket OS 1.47.0 (aws-k8s-1.36)',
    containerRuntimeVersion: 'containerd://2.1.4',
    kubeletVersion: 'v1.36.2',
    kubeProxyVersion: 'v1.36.2',
    operatingSystem: 'linux',
    architecture: 'amd64',
  };
}

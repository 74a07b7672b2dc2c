const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const namespace = 'datadog';

/** The rights to the older locks, as docs/migrating.md tells to add them, for the account of the shipped manifests. */
export function lockRights(): readonly object[] {
  const resources = ['configmaps', 'endpoints'];
  return [
    {
      ...rbac,
      kind: 'Role',
      metadata: { name: 'leader-lock', namespace },
      rules: [
        { apiGroups: [''], resources, verbs: ['create'] },
        {
          apiGroups: [''],
          resources,
          resourceNames: ['datadog-leader-election'],
          verbs: ['get', 'list', 'watch', 'update'],
        },
      ],
    },
    binding('RoleBinding', 'leader-lock', 'Role', 'datadog-cluster-agent'),
  ];
}

/** An account with all rights that are shipped, but those of the Role that has the lock among them. */
export function bareAccount(): readonly object[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bare', namespace } },
    binding('ClusterRoleBinding', 'datadog-cluster-agent', 'ClusterRole', 'bare'),
    binding('RoleBinding', 'datadog-cluster-agent:certificate', 'Role', 'bare'),
  ];
}

function binding(kind: string, role: string, roleKind: string, account: string): object {
  const place = kind === 'RoleBinding' ? { namespace } : {};
  return {
    ...rbac,
    kind,
    metadata: { name: `${account}:${role}`, ...place },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: role },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
  };
}

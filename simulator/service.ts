/** The Service that the APIService of the project points at. */
export const service = { namespace: 'datadog', name: 'datadog-custom-metrics-server' } as const;

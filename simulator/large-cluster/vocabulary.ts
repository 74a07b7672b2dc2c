/** What businesses run; the first half of names. */
export const domains = [
  'account',
  'basket',
  'catalog',
  'checkout',
  'delivery',
  'identity',
  'invoice',
  'ledger',
  'loyalty',
  'payment',
  'pricing',
  'refund',
  'search',
  'session',
  'stock',
  'telemetry',
];

/** What their parts do; the second half. */
export const roles = [
  'api',
  'backend',
  'cache',
  'consumer',
  'exporter',
  'frontend',
  'gateway',
  'indexer',
  'proxy',
  'scheduler',
  'store',
  'worker',
];

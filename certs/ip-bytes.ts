import { isIP } from 'node:net';

/** An IP address in network order: 4 or 16 bytes. Throws `RangeError` for any other text. */
export function ipBytes(address: string): Buffer {
  switch (isIP(address)) {
    case 4:
      return Buffer.from(address.split('.').map(Number));
    case 6:
      if (!address.includes('%')) return ipv6Bytes(address);
  }
  throw new RangeError(`expected an IPv4 address, or an IPv6 address without a zone, got '${address}'`);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::', 2);
  const front = groups(head);
  if (tail === undefined) return Buffer.from(front);
  const back = groups(tail);
  return Buffer.from([...front, ...new Array<number>(16 - front.length - back.length).fill(0), ...back]);
}

/** The last group may be an IPv4 address: `::ffff:192.0.2.1`. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/** Addresses that no receiver has, but through which a host name could be turned against its own machine's cloud. */
const forbidden = new BlockList();
// Unspecified: the kernel takes it for this machine.
forbidden.addSubnet('0.0.0.0', 8);
forbidden.addAddress('::', 'ipv6');
// Link-local; 169.254.169.254 tells a machine its credentials in most clouds.
forbidden.addSubnet('169.254.0.0', 16);
forbidden.addSubnet('fe80::', 10, 'ipv6');
// The same elsewhere: Alibaba, AWS.
forbidden.addAddress('100.100.100.200');
forbidden.addAddress('fd00:ec2::254', 'ipv6');
// Multicast, broadcast.
forbidden.addSubnet('224.0.0.0', 4);
forbidden.addSubnet('ff00::', 8, 'ipv6');
forbidden.addAddress('255.255.255.255');

/** IPv6 prefixes that hold an IPv4 address: compatible (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056); mapped ones Node knows. */
for (const [address, prefix] of [
  ['::a9fe:0', 112],
  ['::6464:64c8', 128],
  ['64:ff9b::a9fe:0', 112],
  ['64:ff9b::6464:64c8', 128],
  ['2002:a9fe::', 32],
  ['2002:6464:64c8::', 48],
] as const) {
  forbidden.addSubnet(address, prefix, 'ipv6');
}

/** Whether notifications may be sent to this IP address; loopback and private ones may be. */
export function isAllowedAddress(address: string): boolean {
  return !forbidden.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Host of a URL or of `host:port` without the brackets of IPv6. */
function bareHost(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/** Whether the host may be sent to as far as it can be told without looking its name up. */
export function isAllowedHost(hostname: string): boolean {
  const host = bareHost(hostname);
  return isIP(host) === 0 || isAllowedAddress(host);
}

/** Message of the error of a host that is, or whose name leads to, a forbidden address. */
export const forbiddenTarget =
  'its address is link-local, multicast, unspecified or of a metadata service: refused';

/**
 * As `dns.lookup`, for `net.connect`: only allowed addresses are given, so that what is checked is what is connected to
 * and a name that changes its address after a check gains nothing.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, '', 0);
    const allowed = addresses.filter(({ address }) => isAllowedAddress(address));
    if (allowed.length === 0)
      return callback(Object.assign(new Error(forbiddenTarget), { code: 'EACCES' }), '', 0);
    if (options.all) return callback(null, allowed);
    callback(null, allowed[0]!.address, allowed[0]!.family);
  });
};

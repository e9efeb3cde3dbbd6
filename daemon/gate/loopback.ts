/** 127.0.0.0/8 and ::1, also as ::ffff:127.0.0.1. */
export function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address) || address === '::1';
}

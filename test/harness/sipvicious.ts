/** SIPVicious' svwar and svcrack, with an address of their own: their option for it is not heeded (0.3.3). */
import { startChild } from './child.ts';

const wrapper = `
import os, runpy, shutil, socket, sys
address, tool = sys.argv[1], sys.argv[2]
class Bound(socket.socket):
    def bind(self, to):
        super().bind((address, to[1]))
socket.socket = Bound
sys.argv = sys.argv[2:]
path = os.path.realpath(shutil.which(tool))
sys.path.insert(0, os.path.dirname(path))
runpy.run_path(path, run_name='__main__')
`;

/** Runs the tool until it ends, at most `patienceMs`; returns what it said. */
export async function runSipvicious(
  tool: 'svwar' | 'svcrack',
  from: { address: string; port: number },
  target: { address: string; port: number },
  args: readonly string[],
  patienceMs = 30_000,
): Promise<string> {
  const child = startChild('/usr/bin/python3', [
    ...['-c', wrapper, from.address, tool],
    ...['-x', from.address, '-P', String(from.port), ...args, `udp://${target.address}:${target.port}`],
  ]);
  const limit = setTimeout(() => child.signal('SIGKILL'), patienceMs);
  await child.exited;
  clearTimeout(limit);
  return child.log();
}

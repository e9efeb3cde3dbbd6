/** A daemon that starts, says so, and stops on SIGTERM. Argument: Redis URL. */
import { startEnforcement } from './setting.ts';

const running = await startEnforcement(process.argv[2] ?? '');
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
setInterval(() => undefined, 60_000);
console.log('started');

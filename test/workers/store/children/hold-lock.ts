import { takeOwnerLock } from '../../../../workers/store/owner-lock.ts';

takeOwnerLock(process.argv[2]!);
process.stdout.write('held\n');
setInterval(() => {}, 1000);

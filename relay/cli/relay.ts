// pam-alert relay: the daemon, in the foreground.

import { setFlagsFromString } from 'node:v8'
import { startRelay } from '../main.ts'
import type { Paths } from '../model/paths.ts'

export async function relay(paths: Paths) {
  const running = await startRelay(paths)
  // V8's middle compiler takes a seventh of the memory, and gives a twelfth of the speed of a flood. It can't be left out on the
  // command line: V8 would then refuse the compiled code that Node brings along, and start a quarter later.
  setFlagsFromString('--no-maglev')
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      void running.stop().then(() => process.exit(0))
    })
}

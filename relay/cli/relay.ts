// pam-alert relay: the daemon, in the foreground.

import { startRelay } from '../main.ts'
import type { Paths } from '../model/paths.ts'

export async function relay(paths: Paths) {
  const running = await startRelay(paths)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      void running.stop().then(() => process.exit(0))
    })
}

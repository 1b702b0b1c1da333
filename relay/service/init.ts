// Turns the relay on and off under the init system that runs this machine.
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PamAlertError } from '../model/errors.ts'
import type { Paths } from '../model/paths.ts'

export interface Init {
  name: string
  /** Installs what the init system wants, and (re)starts the relay. */
  enable(): void
  /** Stops the relay and removes all that `enable` installed. */
  disable(): void
  /** What whoever runs this machine must do beyond that; null if nothing. */
  advice: string | null
}

function run(command: string, ...args: string[]) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (error || status !== 0)
    throw new PamAlertError('step_failed', `${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

const has = (command: string) =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((dir) => existsSync(join(dir, command)))

const STOPS_WITHIN_MS = 10_000

const UNITS = '/usr/lib/systemd/system'
const SCRIPT = '/etc/init.d/pam-alert'

/** What the configuration asks for beyond the unit: the groups of the logs that are watched. */
const DROP_IN = '/etc/systemd/system/pam-alert.service.d'

function systemd(source: string, groups: readonly string[]): Init {
  const units = ['pam-alert.socket', 'pam-alert.service']
  return {
    name: 'systemd',
    advice: null,
    enable() {
      for (const unit of units) copyFileSync(join(source, unit), join(UNITS, unit))
      rmSync(join(DROP_IN, 'watch.conf'), { force: true })
      if (groups.length > 0) {
        mkdirSync(DROP_IN, { recursive: true })
        writeFileSync(join(DROP_IN, 'watch.conf'), `[Service]\nSupplementaryGroups=${groups.join(' ')}\n`)
      }
      run('systemctl', 'daemon-reload')
      run('systemctl', 'enable', '--now', 'pam-alert.socket', 'pam-alert.service')
      run('systemctl', 'restart', 'pam-alert.service')
    },
    disable() {
      run('systemctl', 'disable', '--now', 'pam-alert.service', 'pam-alert.socket')
      for (const unit of units) rmSync(join(UNITS, unit), { force: true })
      rmSync(join(DROP_IN, 'watch.conf'), { force: true })
      // Others may have put something there.
      if (existsSync(DROP_IN) && readdirSync(DROP_IN).length === 0) rmdirSync(DROP_IN)
      run('systemctl', 'daemon-reload')
    },
  }
}

/** SysV and OpenRC: a script in /etc/init.d. */
function script(name: string, source: string, enable: () => void, disable: () => void, advice: string | null): Init {
  return {
    name,
    advice,
    enable() {
      copyFileSync(source, SCRIPT)
      chmodSync(SCRIPT, 0o755)
      enable()
      run(SCRIPT, 'restart')
    },
    disable() {
      if (!existsSync(SCRIPT)) return
      run(SCRIPT, 'stop')
      disable()
      rmSync(SCRIPT)
    },
  }
}

/** Neither: the relay is started, and somebody else must keep it up. */
function nothing(paths: Paths): Init {
  const relay = join(paths.lib, 'pam-alert.cjs')
  const pidFile = '/run/pam-alert.pid'
  return {
    name: 'no init system',
    advice: `Nothing here starts the relay again: let your supervisor run "${paths.command} relay" as root.`,
    enable() {
      this.disable()
      const child = spawn(process.execPath, [relay, 'relay'], { detached: true, stdio: 'ignore' })
      writeFileSync(pidFile, `${child.pid}\n`)
      child.unref()
    },
    disable() {
      const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0
      const command = `/proc/${pid}/cmdline`
      // The number may belong to somebody else by now.
      const ours = () => pid > 0 && existsSync(command) && readFileSync(command, 'utf8').includes(relay)
      if (ours()) process.kill(pid, 'SIGTERM')
      const until = performance.now() + STOPS_WITHIN_MS
      while (ours() && performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      rmSync(pidFile, { force: true })
    },
  }
}

/** @param groups of which the relay is a member beside its user's own; without systemd it sees to that itself */
export function initOf(paths: Paths, groups: readonly string[]): Init {
  const source = join(paths.lib, 'service')
  if (existsSync('/run/systemd/system')) return systemd(source, groups)
  if (existsSync('/sbin/openrc-run'))
    return script(
      'OpenRC',
      join(source, 'pam-alert.openrc'),
      () => run('rc-update', 'add', 'pam-alert', 'default'),
      () => run('rc-update', 'del', 'pam-alert', 'default'),
      null,
    )
  if (has('start-stop-daemon') && existsSync('/etc/init.d')) {
    const ranks = has('update-rc.d')
    return script(
      SCRIPT,
      join(source, 'pam-alert.init'),
      () => ranks && run('update-rc.d', 'pam-alert', 'defaults'),
      () => ranks && run('update-rc.d', '-f', 'pam-alert', 'remove'),
      existsSync('/run/initctl') || existsSync('/dev/initctl')
        ? null
        : `Nothing here runs that script by itself: let each start of this machine or container run "${SCRIPT} start".`,
    )
  }
  return nothing(paths)
}

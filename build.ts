// Builds what is installed into dist/, the image of /usr/lib/pam-alert: hook, pam-try, bundle, Node
// runtime, service files and PAM profile.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const top = import.meta.dirname

/**
 * The relay and the command as one file that needs no node_modules; answers its path. CommonJS, as for
 * a module Node looks at every export of node:http, and loads a whole second HTTP client for one of them.
 */
export async function bundle(outdir: string): Promise<string> {
  const entry = join(outdir, 'pam-alert.cjs')
  await build({
    entryPoints: [join(top, 'relay/cli/main.ts')],
    outfile: entry,
    bundle: true,
    // Names are kept: they stand in the log where something went wrong.
    minifyWhitespace: true,
    minifySyntax: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    logLevel: 'warning',
  })
  chmodSync(entry, 0o755)
  return entry
}

async function buildAll(out: string) {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(join(out, 'service'), { recursive: true })
  execFileSync('make', ['-s', '-C', 'hook'], { cwd: top, stdio: 'inherit' })
  execFileSync('make', ['-s', '-C', 'pam'], { cwd: top, stdio: 'inherit' })
  cpSync(join(top, 'hook/build/pam-alert-hook'), join(out, 'pam-alert-hook'))
  cpSync(join(top, 'pam/build/pam-try'), join(out, 'pam-try'))
  cpSync(join(top, 'pam/profiles/pam-auth-update'), join(out, 'pam-auth-update'))
  for (const name of ['pam-alert.socket', 'pam-alert.service', 'pam-alert.init', 'pam-alert.openrc'])
    cpSync(join(top, 'relay/service', name), join(out, 'service', name))
  cpSync(process.execPath, join(out, 'node'))
  await bundle(out)
}

if (import.meta.main) await buildAll(join(top, 'dist'))

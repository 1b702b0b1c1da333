// Builds what is installed into dist/, the image of /usr/lib/pam-alert: hook, pam-try, bundle, Node
// runtime, service files and PAM profile.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const top = import.meta.dirname

/** The relay and the command as one program that needs no node_modules; answers its path. */
export async function bundle(outdir: string): Promise<string> {
  await build({
    entryPoints: { 'pam-alert': join(top, 'relay/cli/main.ts') },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    // Packages in CommonJS ask for require, which a module has not.
    banner: { js: "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);" },
    logLevel: 'warning',
  })
  const entry = join(outdir, 'pam-alert.mjs')
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

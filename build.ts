// Builds what is installed into dist/, the image of /usr/lib/pam-alert: hook, pam-try, bundle, Node
// runtime, service files and PAM profile.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const OUT = 'dist'

rmSync(OUT, { recursive: true, force: true })
mkdirSync(`${OUT}/service`, { recursive: true })

execFileSync('make', ['-s', '-C', 'hook'], { stdio: 'inherit' })
cpSync('hook/build/pam-alert-hook', `${OUT}/pam-alert-hook`)
execFileSync('make', ['-s', '-C', 'pam'], { stdio: 'inherit' })
cpSync('pam/build/pam-try', `${OUT}/pam-try`)

await build({
  entryPoints: { 'pam-alert': 'relay/cli/main.ts' },
  outdir: OUT,
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
chmodSync(`${OUT}/pam-alert.mjs`, 0o755)

for (const name of ['pam-alert.socket', 'pam-alert.service', 'pam-alert.init', 'pam-alert.openrc'])
  cpSync(`relay/service/${name}`, `${OUT}/service/${name}`)
cpSync('pam/profiles/pam-auth-update', `${OUT}/pam-auth-update`)
cpSync(process.execPath, `${OUT}/node`)

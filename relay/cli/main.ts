#!/usr/lib/pam-alert/node
// The pam-alert command: verb → function, fault → words and exit status.
import { Command, CommanderError } from 'commander'
import { EXIT, PamAlertError } from '../model/errors.ts'
import { type Paths, pathsBelow } from '../model/paths.ts'
import { VERSION } from '../model/version.ts'
import { complain, style } from './terminal.ts'

const program = new Command('pam-alert')
  .description('Whoever logs in to this machine, or tries to, your phone knows a second later.')
  .version(VERSION)
  .option('--root <dir>', 'everything below DIR instead of /', process.env.PAM_ALERT_ROOT ?? '/')
  .exitOverride()
  .configureHelp({
    showGlobalOptions: true,
    subcommandTerm: (verb) =>
      [
        verb.name(),
        ...verb.registeredArguments.map((argument) => {
          const name = `${argument.name()}${argument.variadic ? '...' : ''}`
          return argument.required ? `<${name}>` : `[${name}]`
        }),
      ].join(' '),
  })

const paths = (): Paths => pathsBelow(program.opts<{ root: string }>().root)

program
  .command('install')
  .description('patch PAM, turn the relay on, send a test alert')
  .option('-y, --yes', 'do not ask')
  .option('--dry-run', 'show the change and do nothing')
  .action(async (options) => (await import('./install.ts')).install(paths(), options))

program
  .command('uninstall')
  .description('the exact reverse; configuration, keys and history stay')
  .option('--purge', 'remove those, too')
  .action(async (options) => (await import('./uninstall.ts')).uninstall(paths(), options))

program
  .command('status')
  .description('what works, and what does not and why')
  .option('--json', 'as one JSON object')
  .action(async (options) => (await import('./status.ts')).status(paths(), options))

program
  .command('doctor')
  .description('which logins are not told, why, and what to do about it')
  .option('--json', 'as one JSON object')
  .action(async (options) => (await import('./doctor.ts')).doctor(paths(), options))

program
  .command('test')
  .description('a marked event down the real path, with the outcome of each delivery')
  .argument('[notifier]', 'only this one')
  .option('--json', 'as one JSON object')
  .action(async (notifier, options) => (await import('./test.ts')).test(paths(), notifier, options))

program
  .command('history')
  .description('past events')
  .option('--user <name>', 'of whoever got in, or tried to')
  .option('--source <address>', 'where from')
  .option('--service <name>', 'sshd, su, sudo ...')
  .option('--failed', 'only refused ones')
  .option('--since <when>', 'a duration such as 2d, or a date')
  .option('-n, --limit <n>', 'the newest N', '50')
  .option('--json', 'a JSON object per event')
  .action(async (options) => (await import('./history.ts')).history(paths(), options))

program
  .command('tail')
  .description('events as they come')
  .option('-n, --lines <n>', 'past events first', '10')
  .option('--json', 'a JSON object per event')
  .action(async (options) => (await import('./tail.ts')).tail(paths(), options))

program
  .command('replay')
  .description("an old log through today's rules: the alerts that would have been sent")
  .argument('<files...>', 'logs, also .gz; - is standard input')
  .option('--json', 'a JSON object per alert, and one with the summary')
  .action(async (files, options) => (await import('./replay.ts')).replay(paths(), files, options))

program
  .command('expect')
  .description('announce logins: counted and not sent, until it ends; then told as a count')
  .option('--user <name>', 'who gets in, or becomes somebody else')
  .option('--source <network...>', 'from where: addresses, or networks such as 10.0.0.0/8')
  .option('--for <duration>', 'how long, e.g. 10m')
  .option('--reason <text>', 'told with the count')
  .option('--list', 'what is expected now')
  .option('--end <id>', 'end one before its time')
  .option('--json', 'as JSON')
  .action(async (options) => (await import('./expect.ts')).expect(paths(), options))

const dead = program.command('dead').description('alerts that their notifier refused for good')
dead
  .command('list')
  .description('all of them, with the reason')
  .option('--json', 'a JSON object per alert')
  .action(async (options) => (await import('./dead.ts')).list(paths(), options))
dead
  .command('retry')
  .description('send them after all')
  .argument('<ids...>', 'as the list shows them, or all')
  .action(async (ids) => (await import('./dead.ts')).retry(paths(), ids))
dead
  .command('drop')
  .description('give them up')
  .argument('<ids...>', 'as the list shows them, or all')
  .action(async (ids) => (await import('./dead.ts')).drop(paths(), ids))

const emergency = program.command('emergency').description('alerts that ring until somebody answers')
emergency
  .command('list')
  .description('which ring, who answered the others and when')
  .option('--json', 'a JSON object per alert')
  .action(async (options) => (await import('./emergency.ts')).list(paths(), options))
emergency
  .command('cancel')
  .description('ring no more')
  .argument('<ids...>', 'as the list shows them, or all')
  .action(async (ids) => (await import('./emergency.ts')).cancel(paths(), ids))

program
  .command('verify')
  .description('whether any stored event was changed, removed or put in')
  .option('--head <seq:hash>', 'what "chain" said in an alert that somebody has kept')
  .option('--json', 'as one JSON object')
  .action(async (options) => (await import('./verify.ts')).verify(paths(), options))

program
  .command('key')
  .description("the host's public key, for checking signatures")
  .action(async () => (await import('./key.ts')).key(paths()))

const authorize = program.command('authorize').description('let pam-alert write in the name of an account')
authorize
  .command('x')
  .description('an account of X: prints an address, asks for the PIN, stores the tokens, sends a first message')
  .argument('[notifier]', 'as the configuration names it')
  .option('--consumer-key-file <file>', 'of your app; otherwise it is asked for')
  .option('--consumer-secret-file <file>')
  .option('--to <account>', 'who gets direct messages: a name or a numeric id')
  .option('--post', 'posts instead of direct messages')
  .action(async (notifier, options) => (await import('./authorize.ts')).authorizeX(paths(), notifier, options))

const monitis = program.command('monitis').description('the monitor that a notifier of type monitis writes to')
monitis
  .command('create')
  .description('make it, unless it is there, and print its number')
  .argument('[notifier]', 'as the configuration names it')
  .action(async (notifier) => (await import('./monitis.ts')).create(paths(), notifier))

const keys = program.command('keys').description('what alerts call the keys that let users in')
keys
  .command('learn')
  .description("take the comments from all users' authorized_keys")
  .action(async () => (await import('./keys.ts')).learn(paths()))
keys
  .command('list')
  .description('the names, and whose they are')
  .option('--json', 'a JSON object per key')
  .action(async (options) => (await import('./keys.ts')).list(paths(), options))

const config = program.command('config').description('check the configuration, explain it, or print an example')
config
  .command('check')
  .description('mistakes, with their lines')
  .action(async () => (await import('./config.ts')).check(paths()))
config
  .command('explain')
  .description('which route takes an event, and what would be sent, when and to whom')
  .option('--user <name>')
  .option('--source <address>', 'without it, on the machine itself')
  .option('--service <name>', 'sshd, su, sudo ...', 'sshd')
  .option('--type <type>', 'as PAM has it: auth, account, password, open_session, close_session', 'open_session')
  .option('--outcome <outcome>', 'success or failure; as is usual for the type')
  .option('--ruser <name>', 'who becomes the user')
  .option('--tty <name>')
  .option('--method <method>', 'publickey, password ...')
  .option('--key <key>', 'a fingerprint or a name')
  .option('--first <what...>', 'what is new: user, source, network, key, method, service')
  .option('--admin', "has root's powers; without it, what the user's account has here")
  .option('--group <name...>', "the user's groups; without it, those of the account here")
  .option('--situation <situation>', 'brute_force or break_in')
  .option('--at <time>', 'e.g. 2026-11-20T23:00')
  .option('--json', 'as one JSON object')
  .action(async (options) => (await import('./explain.ts')).explain(paths(), options))
config
  .command('example')
  .description('a file to start from')
  .action(async () => (await import('./config.ts')).example())

program
  .command('relay')
  .description('the daemon, in the foreground')
  .action(async () => (await import('./relay.ts')).relay(paths()))

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
  } else if (error instanceof PamAlertError) {
    complain(`${style('red', error.message)}\n${error.hint}`)
    // At once: a relay that could not start may be listening already.
    process.exit(error.exit)
  } else {
    throw error
  }
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { createPlaces } from '../../../relay/machine/places.ts'
import { type Entry, mmdb } from '../../helpers/mmdb.ts'
import { tempDir } from '../../helpers/temp.ts'

const log = pino({ level: 'silent' })

function fileOf(t: TestContext, networks: Record<string, Entry>): string {
  const path = join(tempDir(t), 'x.mmdb')
  writeFileSync(path, mmdb(networks))
  return path
}

describe('places', () => {
  test('country and network come from whichever file knows', async (t) => {
    const places = createPlaces(log)
    assert.equal(places.of('192.0.2.7'), null)
    await places.use([
      fileOf(t, { '192.0.2.0/24': { country: { iso_code: 'DE' } }, '2001:db8::/32': { country: { iso_code: 'FR' } } }),
      fileOf(t, {
        '192.0.2.0/25': { autonomous_system_number: 64_496, autonomous_system_organization: 'Example Net' },
        '203.0.113.0/24': { country_code: 'NL', as_name: 'Other Net' },
      }),
    ])
    assert.deepEqual(places.of('192.0.2.7'), { country: 'DE', network: 'Example Net' })
    assert.deepEqual(places.of('192.0.2.200'), { country: 'DE', network: null })
    assert.deepEqual(places.of('2001:db8::1'), { country: 'FR', network: null })
    assert.deepEqual(places.of('203.0.113.9'), { country: 'NL', network: 'Other Net' })
    assert.equal(places.of('198.51.100.1'), null)
    assert.deepEqual(places.problems(), [])
  })

  test('a file that is missing or broken is told, and the others work', async (t) => {
    const places = createPlaces(log)
    const broken = join(tempDir(t), 'broken.mmdb')
    writeFileSync(broken, 'nonsense')
    await places.use(['/nowhere/x.mmdb', broken, fileOf(t, { '192.0.2.0/24': { country: { iso_code: 'DE' } } })])
    assert.equal(places.problems().length, 2)
    assert.match(places.problems()[0] ?? '', /^geo database \/nowhere\/x\.mmdb: ENOENT/)
    assert.equal(places.of('192.0.2.7')?.country, 'DE')
    await places.use([])
    assert.deepEqual([places.problems(), places.of('192.0.2.7')], [[], null])
  })
})

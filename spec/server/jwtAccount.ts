// An account whose users have JWTs, signed by scoped signing keys: the key carries the template of their permissions.
import {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  newScopedSigner,
} from '@nats-io/jwt'
import type { JwtPermissions } from '../../src/nats/permissions/permissions.ts'

export interface JwtAccount {
  /** The lines of a server's configuration. */
  readonly config: string
  /** The content of the credentials file of a new user with that role. */
  readonly credsOf: (role: string, name: string) => Promise<Uint8Array>
}

/**
 * @param roles the permissions of each role, which may have templates such as `{{name()}}`
 * @param mappings subjects of the account that become others
 */
export const createJwtAccount = async (
  roles: Readonly<Record<string, JwtPermissions>>,
  mappings: Readonly<Record<string, ReadonlyArray<{ subject: string; weight: number }>>> = {},
): Promise<JwtAccount> => {
  const operator = createOperator()
  const account = createAccount()
  const signers = new Map(Object.keys(roles).map(role => [role, createAccount()]))
  const signingKeys = [...signers].map(([role, key]) => {
    const { pub, sub, resp } = roles[role] ?? { pub: { allow: [] }, sub: { allow: [] } }
    return newScopedSigner(key, role, {
      pub: { allow: [...pub.allow] },
      sub: { allow: [...sub.allow] },
      ...(resp === undefined ? {} : { resp }),
      subs: -1,
      data: -1,
      payload: -1,
    })
  })
  const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1, wildcards: true }
  const claims = { signing_keys: signingKeys, limits, mappings }
  const accountJwt = await encodeAccount('app', account, claims, { signer: operator })
  return {
    config: `
operator: ${await encodeOperator('tests', operator)}
resolver: MEMORY
# On a busy machine a client takes seconds to sign.
authorization { timeout: 60 }
resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }
`,
    credsOf: async (role, name) => {
      const signer = signers.get(role)
      if (signer === undefined) throw new Error(`there is no role ${role}`)
      const user = createUser()
      const jwt = await encodeUser(name, user, account.getPublicKey(), {}, { signer, scopedUser: true })
      return fmtCreds(jwt, user)
    },
  }
}

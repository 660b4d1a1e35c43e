/** The permissions of a user, as a server reports them, and which required subjects they lack. Pure. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import type { Filter } from '../core/protocol/Subject.ts'
import * as Subject from '../core/protocol/Subject.ts'

const Rules = t.partial({ allow: t.readonlyArray(t.string), deny: t.readonlyArray(t.string) })

/** The answer to `$SYS.REQ.USER.INFO`. A user without limits has no permissions in it. */
const UserInfo = t.type({
  data: t.intersection([
    t.type({ user: t.string, account: t.string }),
    t.partial({
      permissions: t.partial({
        publish: Rules,
        subscribe: Rules,
        responses: t.partial({ max: t.number, ttl: t.number }),
      }),
    }),
  ]),
})

/** Parses the answer. */
export const parseUserInfo = (text: string) => pipe(Json.parse(text), E.chainW(UserInfo.decode))

export type PermissionSet = NonNullable<t.TypeOf<typeof UserInfo>['data']['permissions']>

export type Rules = t.TypeOf<typeof Rules>

/** A rule for subscriptions can name a queue group after the subject. */
const filtersOf = (rules: ReadonlyArray<string>): ReadonlyArray<Filter> =>
  rules.map(rule => rule.split(' ')[0]).filter(Subject.isFilter)

/** Whether rules permit everything that a filter matches. Two rules that only cover it together do not count. */
const permits =
  ({ allow = [], deny = [] }: Rules) =>
  (required: Filter): boolean =>
    (allow.length === 0 || filtersOf(allow).some(rule => Subject.covers(rule)(required))) &&
    !filtersOf(deny).some(Subject.overlaps(required))

/** The required subjects that rules do not permit. Without rules everything is permitted. */
export const missing = (rules: Rules | undefined, required: ReadonlyArray<string>): ReadonlyArray<string> =>
  rules === undefined ? [] : filtersOf(required).filter(filter => !permits(rules)(filter))

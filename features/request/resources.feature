Feature: Which API a token is for
  A server may look after several APIs, and the same word may be a scope at more
  than one of them. A token is for the API that was named, and carries what means
  something there.

  @RES-01 @SHOULD @rfc8707-2.2 @needs:as.code @needs:as.resource.multi
  Rule: A token for one API carries the scopes of that API, and not those of the others
    An API that is shown a token learns what the client may do elsewhere, and may
    use it there itself.

    Scenario: Planner redeems a code for both APIs, for the first one
      Given Planner has a code from Ada for "write:appointments read:contacts" at both APIs
      When Planner redeems its code for the first API
      Then Planner is told "write:appointments"

    Scenario: Planner redeems a code for both APIs, for the other one
      Given Planner has a code from Ada for "write:appointments read:contacts" at both APIs
      When Planner redeems its code for the other API
      Then Planner is told "read:contacts"

    @needs:as.refresh
    Scenario: Planner refreshes for the other API
      Given Ada has granted Planner "write:appointments read:contacts" at both APIs, redeeming the code for the first API
      When Planner refreshes its token for the other API
      Then Planner is told "read:contacts", or is refused

    @needs:token.format=jwt
    Scenario: The claims say no more than the response
      Given Planner has a code from Ada for "write:appointments read:contacts" at both APIs
      When Planner redeems its code for the first API
      Then the claims of Planner's token say "write:appointments"

  @RES-02 @MUST @rfc6749-5.1 @rfc8707-2.2 @needs:as.code @needs:as.resource
  Rule: What is left of a scope at the API that was named is told to the client
    Otherwise the client takes the token to an API that will not have it, or hands
    on more than it knows of.

    Scenario: Planner asks for a scope of the other API at the first one
      When Planner asks Ada for "write:appointments read:contacts"
      Then Planner is not misled about its scope

    Scenario: Planner asks for a scope of the first API at the other one
      When Planner asks Ada for "write:appointments read:contacts" at the other API
      Then Planner is not misled about its scope

    @needs:as.resource.multi
    Scenario: Planner redeems a code for both APIs, for the first one
      Given Planner has a code from Ada for "write:appointments read:contacts" at both APIs
      When Planner redeems its code for the first API
      Then Planner is not misled about its scope

    @needs:as.resource.multi @needs:as.refresh
    Scenario: Planner refreshes for the other API
      Given Ada has granted Planner "write:appointments read:contacts" at both APIs, redeeming the code for the first API
      When Planner refreshes its token for the other API
      Then Planner is not misled about its scope

    @control
    Scenario: At its own API a scope is good
      When Planner asks Ada for "read:contacts" at the other API
      Then Planner holds at least "read:contacts"

  @RES-03 @MUST @rfc8707-2.2 @needs:as.code @needs:as.resource.multi @needs:as.refresh
  Rule: A code that is redeemed for one API leaves a refresh token for all that were granted
    Otherwise the client has to send the resource owner through all of it again for
    what they agreed to.

    Scenario: Planner refreshes for the API that is left
      Given Ada has granted Planner "write:appointments read:contacts" at both APIs, redeeming the code for the first API
      When Planner refreshes its token for the other API
      Then Planner holds at least "read:contacts"

    Scenario: Planner comes back to the first one
      Given Ada has granted Planner "write:appointments read:contacts" at both APIs, redeeming the code for the other API
      And Planner has refreshed its token for the other API
      When Planner refreshes its token for the first API
      Then Planner holds at least "write:appointments"

    @control
    Scenario: Planner stays with the first one
      Given Ada has granted Planner "write:appointments read:contacts" at both APIs, redeeming the code for the first API
      When Planner refreshes its token for the first API
      Then Planner holds at least "write:appointments"

  @RES-04 @SHOULD @rfc8707-2.1 @rfc8707-2.2 @needs:as.code @needs:as.resource
  Rule: An API that was not granted, or that nobody knows, is refused
    A scope that two APIs know would be good at the one that nobody was asked about.

    Scenario Outline: Planner redeems a code for the first API, naming <which>
      Given Planner has a code from Ada for "read:appointments"
      When Planner redeems its code for <which>
      Then Planner is refused a token for <which>

      Examples: one that knows the same scope, and one that does not exist
        | which          |
        | the other API  |
        | an unknown API |

    @needs:as.refresh
    Scenario Outline: Planner refreshes a token for the first API, naming <which>
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token for <which>
      Then Planner is refused a token for <which>

      Examples: one that knows the same scope, and one that does not exist
        | which          |
        | the other API  |
        | an unknown API |

    Scenario: Planner asks for one that does not exist
      When Planner asks Ada for "read:appointments" at an unknown API
      Then Planner is refused a token for an unknown API

    @control
    Scenario: The API that was granted is not refused
      Given Planner has a code from Ada for "read:appointments"
      When Planner redeems its code for the first API
      Then Planner can read an appointment of Ada

  @RES-05 @MAY @rfc8707-2.1 @rfc9068-3 @needs:as.code @needs:as.resource
  Rule: A request that names no API is about a default one, or is refused
    To say nothing must not be the way to be let in everywhere.

    Scenario: Planner names no API
      When Planner asks Ada for "read:appointments" naming no API, 5 times
      Then the choice of "omitted_resource" is the same each time

    @needs:token.format=jwt @needs:fx.same_name_scope
    Scenario: Planner names no API for a scope that both know
      When Planner asks Ada for "read:appointments" naming no API, 5 times
      Then each of them holds no token for both APIs

    @control
    Scenario: Planner names the API
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @RES-06 @MUST @rfc9068-3 @rfc9068-2.2.3 @rfc9068-5 @needs:as.code @needs:token.format=jwt @needs:fx.apis>=2
  Rule: No scope in a token is open to be read in two ways
    An API that finds a scope it knows in a token for it will honour it, though it
    was meant for another one.

    Scenario: Planner asks for scopes of two APIs and names neither
      When Planner asks Ada for "write:appointments read:contacts" naming no API, 5 times
      Then the choice of "mixed_apis" is the same each time
      And each of them holds no ambiguous token

    @needs:as.resource.multi @needs:fx.same_name_scope
    Scenario: Planner asks for a scope that both APIs know
      When Planner asks Ada for "read:appointments" at both APIs
      Then Planner holds no ambiguous token

    @needs:as.resource.multi
    Scenario: Planner asks for scopes of two APIs and names both
      When Planner asks Ada for "write:appointments read:contacts" at both APIs
      Then Planner holds no ambiguous token

    @control
    Scenario: Planner names the API
      When Planner asks Ada for "write:appointments"
      Then Planner holds at least "write:appointments"

  @RES-07 @SHOULD @rfc9068-3 @rfc8707-2 @needs:as.code @needs:as.resource @needs:token.format=jwt
  Rule: A token is for the API that was named, and for no other
    Whoever may use it everywhere may use it where it was never meant to go.

    Scenario: Planner names the first API
      When Planner asks Ada for "read:appointments"
      Then Planner holds a token for the first API

    Scenario: Planner names the other one
      When Planner asks Ada for "read:contacts" at the other API
      Then Planner holds a token for the other API

    @needs:as.resource.multi
    Scenario: Planner names both, and one of them for the token
      Given Planner has a code from Ada for "write:appointments read:contacts" at both APIs
      When Planner redeems its code for the other API
      Then Planner holds a token for the other API

    @needs:as.refresh
    Scenario: Planner refreshes a token for the first API
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds a token for the first API

    @needs:as.cc
    Scenario: A machine names the first API
      When Robot asks for "read:appointments" on its own behalf
      Then Robot holds a token for the first API

  @RES-08 @GUIDANCE @auth0-api-authorization @derived @needs:as.code @needs:as.resource @needs:as.oidc.userinfo
  Rule: Scopes about the person and scopes of an API can be asked for together
    Otherwise a client has to ask twice, or the API it names costs it the claims.

    Scenario: Planner asks for both at the first API
      When Planner asks Ada for "openid profile email read:appointments"
      Then Planner can read an appointment of Ada
      And UserInfo tells Planner at least one claim of "email"

    Scenario: Planner asks for both at the other API
      When Planner asks Ada for "openid profile email read:contacts" at the other API
      Then Planner holds at least "openid profile email read:contacts"
      And UserInfo tells Planner at least one claim of "email"

    @needs:fx.same_name_scope
    Scenario: The scope of the one API is no good at the other
      When Planner asks Ada for "openid profile email read:appointments"
      Then Planner's token is no good at the other API

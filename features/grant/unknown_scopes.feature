Feature: Scopes that a server does not know
  A server may ignore such a scope, or refuse the request. It may not grant it.

  @UNK-01 @MAY @rfc6749-3.3 @rfc6749-4.1.2.1 @rfc6749-5.2 @needs:as.code|as.cc
  Rule: An unknown scope is always ignored, or always refused, and never granted
    What is in a token some API will take for real, sooner or later.

    @needs:as.code
    Scenario: Planner asks for a scope that nobody knows
      When Planner asks Ada for "read:appointments x-unknown:scope" 5 times
      Then the choice of "unknown_scope" is the same each time
      And each of them holds no scope beyond "read:appointments"

    @needs:as.cc
    Scenario: Worker asks for a scope that nobody knows
      When Worker asks for "read:appointments x-unknown:scope" on its own behalf, 5 times
      Then they all end alike
      And each of them holds no scope beyond "read:appointments"

    @control @needs:as.code
    Scenario: Without it the request is good
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @UNK-02 @MUST @rfc6749-3.3 @rfc6749-5.1 @needs:as.code @needs:policy.unknown_scope=ignore
  Rule: Who ignores a scope says what is left
    Otherwise the client believes that it holds what nobody knows.

    Scenario: Planner asks for a scope that nobody knows
      When Planner asks Ada for "read:appointments x-unknown:scope"
      Then Planner is told "read:appointments"
      And Planner is not misled about its scope

  @UNK-03 @MAY @rfc6749-3.3 @rfc6749-5.1 @derived @needs:as.code|as.cc
  Rule: Where all scopes are unknown, nothing or the default is granted
    Where nothing is left of a list, nothing must be left to do.

    @needs:as.code
    Scenario: Planner asks for scopes that nobody knows
      When Planner asks Ada for "x-unknown:one x-unknown:two" 5 times
      Then the choice of "only_unknown" is the same each time
      And each of them holds no scope beyond the default scope
      And each of them is refused, or told what it holds

    @needs:as.cc
    Scenario: Worker asks for scopes that nobody knows
      When Worker asks for "x-unknown:one x-unknown:two" on its own behalf, 5 times
      Then they all end alike
      And each of them holds no scope beyond the default scope
      And each of them is refused, or told what it holds

    @control @needs:as.code
    Scenario: What is known is granted
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @UNK-04 @SHOULD @rfc6749-3.3 @derived @needs:fx.channels>=2
  Rule: An unknown scope is treated alike on every way to a token
    The way that somebody forgot is the way that will be used.

    Scenario: A scope that nobody knows, on every way there is
      When Planner asks Ada for "read:appointments x-unknown:scope" in every way there is
      Then each of them holds no scope beyond "read:appointments"
      And the choice of "unknown_scope" is the same on every way

    @control
    Scenario: Every way leads somewhere
      When Planner asks Ada for "read:appointments" in every way there is
      Then each of them holds at least "read:appointments"

  @UNK-05 @MUST @rfc6749-4.1.2.1 @needs:as.code @needs:policy.malformed_scope=rejects
  Rule: A refused scope is reported to the client's own redirect URI, with its state, and to no other
    Otherwise a wrong scope is the way to send people anywhere.

    Scenario: Planner asks for what no scope may be
      When Planner asks Ada for "read:appointments x\u0022y"
      Then Planner is sent back with an error, typically "invalid_scope"
      And Planner gets its state back
      And Planner receives no token

    Scenario: Planner asks for it with a redirect URI that is not its own
      When Planner asks Ada for "read:appointments x\u0022y" with a foreign redirect URI
      Then Planner is not answered there

    @control
    Scenario: Planner's own redirect URI is good
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @UNK-06 @MUST @rfc6749-5.2 @needs:as.cc @needs:policy.malformed_scope/client_credentials=rejects
  Rule: A scope that is refused at the token endpoint is an error response, and no token
    A client that finds both takes what it needs.

    Scenario: Worker asks for what no scope may be
      When Worker asks for "read:appointments x\u0022y" on its own behalf
      Then Worker is refused, typically with "invalid_scope"
      And Worker's refusal is an error response
      And Worker receives no token

    @control
    Scenario: Worker may ask for something
      When Worker asks for "read:appointments" on its own behalf
      Then Worker holds at least "read:appointments"

  @UNK-07 @SHOULD @oidc-3.1.2.1 @needs:as.code @needs:as.oidc
  Rule: Signing in does not fail for a scope that the server does not know
    Otherwise a client cannot be written for more than one server.

    Scenario: Planner signs Ada in and names a scope of another server
      When Planner asks Ada for "openid read:appointments x-unknown:scope"
      Then Planner receives an ID token

    @control
    Scenario: Planner signs Ada in
      When Planner asks Ada for "openid read:appointments"
      Then Planner receives an ID token

  @UNK-08 @MUST @rfc6749-3.3 @derived @needs:as.code|as.cc
  Rule: A scope that looks like a pattern is compared letter by letter
    Otherwise a star is the only scope that anybody needs.

    @needs:as.code
    Scenario Outline: Planner asks for "<pattern>"
      When Planner asks Ada for "read:appointments <pattern>"
      Then Planner holds no known scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

      Examples: stars, expressions and big words
        | pattern             |
        | *                   |
        | write:*             |
        | *:appointments      |
        | .*                  |
        | %                   |
        | all                 |
        | write:appointments* |

    @needs:as.cc
    Scenario Outline: Worker asks for "<pattern>"
      When Worker asks for "<pattern>" on its own behalf
      Then Worker holds no known scope beyond the default scope

      Examples: stars, expressions and big words
        | pattern |
        | *       |
        | write:* |
        | .*      |

    @control @needs:as.code
    Scenario: The scope itself is granted
      When Planner asks Ada for "write:appointments"
      Then Planner holds at least "write:appointments"

  @UNK-09 @GUIDANCE @rfc6749-3.3 @rfc6749-6 @derived @needs:as.code @needs:as.refresh @needs:ctl.scope_admin
  Rule: A scope that was withdrawn is granted no longer
    Otherwise it lives on in every refresh token, and nobody knows what it means.

    Scenario: Planner refreshes what it was granted before
      Given Ada has granted Planner "read:appointments write:appointments"
      And "write:appointments" has been withdrawn
      When Planner refreshes its token
      Then Planner holds no scope beyond "read:appointments"
      And Planner is told "read:appointments", or is refused

    Scenario: Planner asks for it anew
      Given Ada has granted Planner "read:appointments write:appointments"
      And "write:appointments" has been withdrawn
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"

    @control
    Scenario: What is not withdrawn is granted
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @UNK-10 @MUST @rfc9700-4.11.2 @needs:as.code @needs:as.dcr @needs:policy.malformed_scope=rejects
  Rule: A browser is not sent on to a client that anybody can register, before somebody is signed in
    Otherwise a link to a server that people trust leads to a page that they should not.

    Scenario: Newcomer has a link with a scope that must be refused
      When Newcomer asks Ada for "read:appointments x\u0022y"
      Then Ada was signed in before Newcomer was answered

    @control
    Scenario: Newcomer asks as it should
      When Newcomer asks Ada for "read:appointments"
      Then Newcomer receives a token

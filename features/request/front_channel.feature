Feature: Tokens in the redirect
  The oldest way to hand out a token is to put it behind the # of an address. Who
  still does so owes the same truth as the token endpoint, and less power.

  @IMPL-01 @MUST @rfc6749-4.2.2 @needs:as.implicit @needs:consent.ui=granular|policy.user_limits
  Rule: A token in the redirect comes with its scope where that is not what was asked for
    The client has no other answer to read it from.

    @needs:consent.ui=granular
    Scenario: Ada lets Legacy read, but not write
      Given Ada will grant only "read:appointments"
      When Legacy asks Ada for "read:appointments write:appointments" for a token in the redirect
      Then Legacy is not misled about its scope

    @needs:consent.ui=granular @needs:as.oidc @needs:as.implicit.id_token
    Scenario: An ID token comes with it
      Given Ada will grant only "openid read:appointments"
      When Legacy asks Ada for "openid read:appointments write:appointments" with a response type of "id_token token"
      Then Legacy is not misled about its scope

    @needs:policy.user_limits @needs:policy.user_excess=drop
    Scenario: Bo may not write
      When Legacy asks Bo for "read:appointments write:appointments" for a token in the redirect
      Then Legacy holds no scope beyond "read:appointments"
      And Legacy is not misled about its scope

    @control
    Scenario: Ada lets Legacy do both
      When Legacy asks Ada for "read:appointments write:appointments" for a token in the redirect
      Then Legacy holds at least "read:appointments"
      And Legacy is not misled about its scope

  @IMPL-02 @MUST @rfc6749-4.2.2 @oidc-11 @needs:as.implicit
  Rule: No refresh token comes in the redirect
    Otherwise lasting access lies in an address bar, for a client that cannot prove who it is.

    Scenario: Legacy asks for a token
      When Legacy asks Ada for "read:appointments" for a token in the redirect
      Then Legacy receives no refresh token

    @needs:as.oidc.offline @needs:as.implicit.id_token
    Scenario: Legacy asks for offline access as well
      When Legacy asks Ada for "openid offline_access read:appointments" with a response type of "id_token token", insisting on consent
      Then Legacy receives no refresh token

    @control
    Scenario: A token does come in the redirect
      When Legacy asks Ada for "read:appointments" for a token in the redirect
      Then Legacy receives a token

  @IMPL-03 @MAY @oidc-3.3.3.8 @derived @needs:as.hybrid.token
  Rule: Where a token comes in the redirect and another for the code, each is within the grant and says what it is
    They may differ. Otherwise the one that nobody checks is the one that was not narrowed.

    @needs:consent.ui=granular
    Scenario: Ada lets Legacy read, but not write
      Given Ada will grant only "read:appointments"
      When Legacy asks Ada for "read:appointments write:appointments" with a response type of "code token"
      Then each of them holds no scope beyond "read:appointments"
      And each of them is not misled about its scope

    @needs:policy.user_limits @needs:policy.user_excess=drop
    Scenario: Bo may not write
      When Legacy asks Bo for "read:appointments write:appointments" with a response type of "code token"
      Then each of them holds no scope beyond "read:appointments"
      And each of them is not misled about its scope

    @control
    Scenario: Ada lets Legacy do both
      When Legacy asks Ada for "read:appointments write:appointments" with a response type of "code token"
      Then each of them holds no scope beyond "read:appointments write:appointments"
      And each of them is not misled about its scope
      And Legacy holds at least "read:appointments write:appointments"

  @IMPL-04 @MUST @rfc6749-4.2.2.1 @oidc-3.2.2.6 @needs:as.implicit|as.hybrid
  Rule: Where tokens were asked for, an error stands in the fragment with the state, and no token beside it
    A client that looks in the fragment waits for ever, and a token beside an error was never agreed to.

    @needs:consent.ui!=none @needs:consent.deny @needs:as.implicit
    Scenario: Ada denies a token
      Given Ada will deny
      When Legacy asks Ada for "read:appointments write:appointments" for a token in the redirect
      Then Legacy is sent back with an error, typically "access_denied"
      And Legacy gets its state back in the fragment
      And Legacy receives no token

    @needs:consent.ui!=none @needs:consent.deny @needs:as.oidc @needs:as.implicit.id_token
    Scenario: Ada denies an ID token and a token
      Given Ada will deny
      When Legacy asks Ada for "openid read:appointments" with a response type of "id_token token"
      Then Legacy is sent back with an error, typically "access_denied"
      And Legacy gets its state back in the fragment
      And Legacy receives no token

    @needs:consent.ui!=none @needs:consent.deny @needs:as.oidc @needs:as.hybrid
    Scenario: Ada denies a code and an ID token
      Given Ada will deny
      When Legacy asks Ada for "openid read:appointments" with a response type of "code id_token"
      Then Legacy is sent back with an error, typically "access_denied"
      And Legacy gets its state back in the fragment
      And Legacy receives no token

    @needs:as.implicit @needs:policy.malformed_scope=rejects
    Scenario: The scope is malformed
      When Legacy asks Ada for "read:appointments\x" for a token in the redirect
      Then Legacy is refused
      And Legacy gets its state back in the fragment
      And Legacy receives no token

    @control @needs:as.implicit
    Scenario: Ada allows it
      When Legacy asks Ada for "read:appointments" for a token in the redirect
      Then Legacy receives a token
      And Legacy gets its state back in the fragment

  @OFF-02 @MUST @oidc-11 @needs:as.oidc.offline @needs:as.implicit.id_token @needs:token.observable
  Rule: offline_access is ignored where no code is asked for
    Without a code there is no way to hand out lasting access that the client could keep to itself.

    Scenario: Legacy asks for tokens in the redirect alone
      When Legacy asks Ada for "openid offline_access read:appointments" with a response type of "id_token token", insisting on consent
      Then Legacy holds no scope beyond "openid read:appointments"
      And Legacy is told of offline_access only if it has a refresh token
      And Legacy receives no refresh token

    @control
    Scenario: The other scopes are there
      When Legacy asks Ada for "openid offline_access read:appointments" with a response type of "id_token token", insisting on consent
      Then Legacy holds at least "read:appointments"

  @OIDC-03 @GUIDANCE @oidc-3.1.2.1 @oidc-3.2.2.1 @derived @needs:as.oidc @needs:as.oidc.optional @needs:as.implicit.id_token
  Rule: Without openid there is no ID token in the redirect, whatever the response type
    What becomes of such a request is not specified, so that only a refusal is sure to give nothing away.

    Scenario Outline: Legacy asks for "<type>" without openid
      When Legacy asks Ada for "<asked>" with a response type of "<type>"
      Then Legacy receives no ID token

      Examples: an ID token alone, and one beside a token
        | type           | asked                     |
        | id_token       | profile                   |
        | id_token token | profile read:appointments |

    @control
    Scenario: With openid there is one
      When Legacy asks Ada for "openid profile" with a response type of "id_token"
      Then Legacy receives an ID token

  @CLM-05 @SHOULD @oidc-5.4 @needs:as.oidc @needs:as.implicit.id_token
  Rule: Where no access token is issued, the claims of the scope are in the ID token
    There is nothing to ask UserInfo with.

    Scenario: Legacy asks for an ID token alone
      When Legacy asks Ada for "openid email" with a response type of "id_token"
      Then Legacy's ID token carries at least one claim of "email"
      And Legacy's ID token carries no more than the claims of "openid email"

    @needs:consent.ui=granular
    Scenario: Ada does not give away her e-mail address
      Given Ada will grant only "openid profile"
      When Legacy asks Ada for "openid profile email" with a response type of "id_token"
      Then Legacy's ID token carries no claim of "email"

    Scenario: Legacy asks for a token beside the ID token
      When Legacy asks Ada for "openid read:appointments" with a response type of "id_token token"
      Then Legacy's ID token carries no more than the claims of "openid"

  @CLM-06 @SHOULD @oidc-5.4 @derived @needs:as.oidc.userinfo @needs:as.hybrid
  Rule: Where a code comes with an ID token, the claims of the scope come from UserInfo
    The ID token in the redirect lies open in an address, and a token for UserInfo is on its way.

    Scenario: Legacy asks for a code and an ID token
      When Legacy asks Ada for "openid email" with a response type of "code id_token"
      Then Legacy's ID token in the redirect carries no more than the claims of "openid"
      And UserInfo tells Legacy at least one claim of "email"

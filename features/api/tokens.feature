Feature: Which tokens an API believes
  A scope is worth what the token is worth that it stands in. An API that takes a
  token it should not takes its scope as well.

  @RST-01 @MUST @rfc9700-2.3 @rfc9068-4 @needs:rs.api @needs:as.code @needs:fx.same_name_scope
  Rule: A token for another API is refused, whatever its scope is called
    Two APIs may call a scope alike and mean different things by it.

    Scenario: A token for the other API, here
      Given Ada has granted Planner "read:appointments" at the other API
      When Planner lists the appointments of Ada
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    Scenario: A token for this API, there
      When Planner asks Ada for "read:appointments"
      Then Planner's token is no good at the other API

    @needs:rs.mint
    Scenario: A token of ours for the other API, here
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" for another API
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

    @needs:rs.mint
    Scenario Outline: A token of ours for an API that is called <name>
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" for an API called "<name>"
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: names that begin, or end, like this one
        | name                   |
        | {ours}-archive         |
        | {ours}/archive         |
        | urn:x:{ours}           |

    @control
    Scenario: A token for the other API, there
      When Planner asks Ada for "read:appointments" at the other API
      Then Planner's token is good at the other API

  @RST-02 @MUST @rfc9068-4 @rfc6750-5.2 @needs:rs.api @needs:rs.mint
  Rule: A token of another issuer or of an unknown key is refused, whatever it claims
    Anybody can write a token. What makes it one is who signed it.

    Scenario Outline: A token for everything <flaw>
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" <flaw>
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: who signed it, and who is said to have
        | flaw                  |
        | of another issuer     |
        | under "unknown key"   |
        | under "key in header" |

    @control
    Scenario: The same token, signed with a key that the API trusts
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @RST-03 @MUST @rfc9068-4 @needs:rs.api @needs:as.code @needs:token.format=jwt
  Rule: A token whose scope was altered is refused
    The scope in a token is text that its bearer can write. Only the signature
    says that nobody did.

    Scenario Outline: Planner writes another scope into its token: <how>
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada with its token altered to "read:appointments write:appointments" by "<how>"
      Then every answer was a refusal that shows nothing of Ada's
      And Ada's calendar is unchanged

      Examples: what becomes of the signature
        | how             |
        | kept signature  |
        | no signature    |
        | blank signature |
        | public key HMAC |
        | unknown key     |
        | key in header   |

    Scenario: The token as it was issued, and then the altered one
      Given Ada has granted Planner "read:appointments"
      When Planner lists the appointments of Ada 3 times, in turn with "Planner", with its token altered to "read:appointments write:appointments" by "kept signature"
      Then every answer was a refusal that shows nothing of Ada's

    @control
    Scenario: The token as it was issued
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @RST-04 @MUST @rfc6749-1.5 @rfc6749-1.3.1 @derived @needs:rs.api @needs:rs.own @needs:as.code
  Rule: Nothing but an access token is taken for one
    A refresh token stands for the whole grant, and a code for what is not yet
    a token at all.

    @needs:as.refresh
    Scenario: A refresh token
      Given Ada has granted Planner "read:appointments"
      When Planner lists the appointments of Ada with its refresh token
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    Scenario: A code
      Given Planner has a code from Ada for "read:appointments"
      When Planner lists the appointments of Ada with its code
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    @control
    Scenario: An access token
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada

  @RST-05 @SHOULD @rfc7009-2.1 @rfc7662-4 @fapi2-5.3.4 @needs:rs.api @needs:as.code @needs:as.revocation|consent.edit=revoke_only|consent.edit=edit_scopes @needs:token.revocation_visible=immediate
  Rule: A token that was revoked is good no longer
    Whoever revokes a token does so because somebody else has it.

    @needs:as.revocation @needs:as.introspection|rs.token_validation=introspection
    Scenario: Planner revokes its token
      Given Ada has granted Planner "read:appointments"
      When Planner revokes its token
      Then Planner's token has ended

    @needs:as.revocation @needs:rs.token_validation=introspection
    Scenario: Planner revokes its token, and the API has seen it
      Given Ada has granted Planner "read:appointments"
      When Planner revokes its token
      Then Planner cannot list the appointments of Ada

    @needs:consent.edit=revoke_only|consent.edit=edit_scopes @needs:as.introspection|rs.token_validation=introspection
    Scenario: Ada revokes what Planner was granted
      Given Ada has granted Planner "read:appointments"
      When Ada revokes Planner's grant
      Then Planner's token has ended

    @control
    Scenario: Before that it is good
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada

  @RST-06 @MUST @rfc9068-4 @needs:rs.api @needs:rs.mint|ctl.clock
  Rule: A token that has expired is refused
    That tokens are short-lived is what makes it bearable that they cannot be
    taken back.

    @needs:rs.mint
    Scenario: A token that expired years ago
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" that has expired
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

    @needs:rs.mint
    Scenario: A token that expired longer ago than clocks may differ
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" that expired a quarter of an hour ago
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

    @needs:as.code @needs:ctl.clock @needs:rs.own
    Scenario: A token that was good until a moment ago
      Given Ada has granted Planner "read:appointments"
      When the lifetime of Planner's token passes
      Then Planner cannot list the appointments of Ada

    @needs:as.code @needs:ctl.clock @needs:rs.own
    Scenario: A token that the API knows to have been good
      Given Ada has granted Planner "read:appointments"
      When the lifetime of Planner's token passes after it was served
      Then Planner cannot list the appointments of Ada

    @control @needs:rs.mint
    Scenario: A token that has not expired
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

    @control @needs:as.code
    Scenario: A token before its lifetime passes
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada

  @RST-07 @MUST @rfc6749-7 @rfc7662-2.2 @derived @needs:rs.api @needs:as.code @needs:rs.write_only
  Rule: A narrow token is not served with what a broad one may do
    What an API keeps in mind of a client, or of a resource owner, is not what it
    knows of the token at hand.

    Scenario: Ada's calendar is read by turns by who may, and by who may not
      Given Ada has granted Rival "read:appointments write:appointments"
      And Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada 25 times, in turn with "Rival"
      Then every answer was a refusal that shows nothing of Ada's

    @needs:rs.mint
    Scenario: Planner has a narrow token and a broad one
      Given Planner carries a token for Ada with the scope "write:appointments"
      When Planner lists the appointments of Ada 25 times, in turn with one for "read:appointments write:appointments"
      Then every answer was a refusal that shows nothing of Ada's

    @control
    Scenario: The broad token
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can list the appointments of Ada

  @RST-08 @MUST @rfc6749-7 @derived @needs:rs.api @needs:as.code
  Rule: A cookie adds nothing to a token
    Otherwise the first token that a browser shows stays good for all that come after it.

    @needs:rs.write_only
    Scenario: A narrow token with the cookies of a broad one
      Given Ada has granted Rival "read:appointments write:appointments"
      And Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada with the cookies of "Rival"
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    Scenario: The cookies of a token to read, and no token
      Given Ada has granted Rival "read:appointments"
      When Stranger creates an appointment for Ada with the cookies of "Rival"
      Then Stranger's request is refused
      And Ada's calendar is unchanged

    @control
    Scenario: The broad token
      When Rival asks Ada for "read:appointments write:appointments"
      Then Rival can list the appointments of Ada

  @RST-09 @MUST @rfc9068-3 @rfc9068-5 @derived @needs:as.code @needs:fx.same_name_scope
  Rule: What was granted at one API does not count at another, even if one token is good at both
    In a token for two APIs nobody can see which of its scopes was granted where.

    Scenario: Planner may read contacts there and appointments here
      Given Ada has granted Planner "read:contacts" at the other API
      When Planner asks Ada for "read:appointments"
      Then Planner's token is no good at the other API

    @control
    Scenario: Planner may read appointments there
      When Planner asks Ada for "read:appointments" at the other API
      Then Planner's token is good at the other API

  @RST-10 @MUST @rfc6749-7 @rfc9700-2.3 @derived @needs:rs.api @needs:ctl.net @needs:as.code
  Rule: An API that cannot check a token does not serve it
    An outage of the authorization server is when nobody is to be let in, and not
    everybody.

    @needs:token.format=jwt
    Scenario: A token with a key that nobody can look up
      Given Ada has granted Planner "read:appointments"
      And the API is cut off from the authorization server
      When Planner lists the appointments of Ada with its token altered to "read:appointments write:appointments" by "unknown key"
      Then Planner's request is refused

    @needs:rs.token_validation=introspection
    Scenario: A token that nobody can be asked about
      Given the API is cut off from the authorization server
      And Ada has granted Planner "read:appointments"
      When Planner lists the appointments of Ada
      Then Planner's request is refused

    @control
    Scenario: When the authorization server can be reached
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada

  @RST-11 @MUST @rfc6749-7 @rfc7662-4 @derived @needs:rs.api @needs:as.code
  Rule: What a token was served before opens nothing else, and what it was refused closes nothing
    An answer that is kept is kept of one token and one operation. Whoever keeps it
    of the token alone lets in for everything who was let in for something.

    Scenario: What it may do, often, and then what it may not
      Given Ada has granted Planner "read:appointments"
      When Planner lists the appointments of Ada 10 times
      Then Planner cannot create an appointment for Ada
      And Planner cannot delete an appointment of Ada
      And Ada's calendar is unchanged

    @needs:rs.write_only
    Scenario: The same, of a token to write
      Given Ada has granted Planner "write:appointments"
      When Planner creates an appointment for Ada 10 times
      Then Planner cannot list the appointments of Ada
      And Planner cannot read an appointment of Ada

    Scenario: What it may not do, often, and then what it may
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada 10 times
      Then Planner can list the appointments of Ada
      And Planner can read an appointment of Ada
      And Ada's calendar is unchanged

    Scenario: By turns
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Planner can read an appointment of Ada
      And Planner cannot delete an appointment of Ada
      And Planner can list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: With both scopes both are served
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can list the appointments of Ada
      And Planner can create an appointment for Ada

  @JWT-03 @MUST @rfc9068-4 @rfc9068-5 @derived @needs:rs.api @needs:as.code @needs:as.oidc
  Rule: An ID token is no access token
    It goes to many places, says who somebody is, and was never meant to open
    anything.

    Scenario: The ID token of Planner
      Given Ada has granted Planner "openid read:appointments"
      When Planner lists the appointments of Ada with its ID token
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    @needs:rs.mint
    Scenario: An ID token that has a scope
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" made out as an ID token
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

    @control
    Scenario: The access token beside it
      When Planner asks Ada for "openid read:appointments"
      Then Planner can list the appointments of Ada

  @JWT-04 @GUIDANCE @auth0-rbac @derived @needs:rs.api @needs:rs.mint @needs:token.permissions_claim
  Rule: What a user may do does not widen what a token was granted
    A list of permissions in a token is the user's. What the client may do with
    them is the scope.

    Scenario Outline: A token to read of a user whose <claim> say that she may write
      Given Planner carries a token for Ada with the scope "read:appointments" and the <claim> "read:appointments write:appointments"
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: claims about a user
        | claim       |
        | permissions |
        | roles       |
        | groups      |
        | authorities |

    Scenario: A token without scope of a user who may do both
      Given Planner carries a token for Ada with the scope "" and the permissions "read:appointments write:appointments"
      When Planner lists the appointments of Ada
      Then Planner's request is refused

    @control
    Scenario: A token that has the scope as well
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments" and the permissions "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

Feature: Grants that are managed one by one
  A client may give a grant of its own a name, add to it, replace it, ask what is
  in it and end it. The draft that describes this writes its rules in lower case,
  all but one, so that all but one are guidance here.

  @GM-01 @GUIDANCE @gm-draft-5.5 @needs:as.gm.create
  Rule: Whoever asks for a managed grant is told its id, and the id stays
    A grant whose id is lost can be neither asked about nor ended.

    Scenario: Steward creates a grant
      When Steward asks Ada for "read:appointments" creating a grant
      Then Steward is given a grant id

    @needs:as.gm.merge
    Scenario: Steward adds to it
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" merging into its grant
      Then Steward is given the same grant id as before

    @needs:as.gm.replace
    Scenario: Steward replaces it
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "read:appointments" replacing its grant
      Then Steward is given the same grant id as before

  @GM-02 @GUIDANCE @gm-draft-5.2 @needs:as.gm.merge @needs:as.refresh
  Rule: To merge adds what is agreed to now, and ends the refresh tokens from before
    Otherwise a token that was handed out for little grows behind its holder's back.

    @needs:as.gm.query
    Scenario: The grant holds both
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" merging into its grant
      Then a query of Steward's first grant shows exactly "read:appointments write:appointments"

    @needs:as.gm.query @needs:consent.ui=granular @needs:as.oidc
    Scenario: Ada does not agree to all that is to be added
      Given Ada has granted Steward "openid" creating a grant
      And Ada will grant only "read:appointments"
      When Steward asks Ada for "read:appointments write:appointments" merging into its grant
      Then Steward holds no scope beyond "openid read:appointments"
      And a query of Steward's first grant shows exactly "openid read:appointments"

    @needs:as.oidc.prompt @needs:consent.ui!=none
    Scenario: Steward asks to add to it without a page
      Given Ada has granted Steward "openid read:appointments" creating a grant
      When Steward asks Ada for "openid write:appointments" merging into its grant, silently
      Then Steward holds no scope beyond "openid read:appointments"

    Scenario: Steward refreshes with its first token
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has then granted Steward "write:appointments" merging into its grant
      When Steward refreshes its first token
      Then Steward is refused with "invalid_grant"
      And Steward receives no token

    @control
    Scenario: Steward refreshes with its new one
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has then granted Steward "write:appointments" merging into its grant
      When Steward refreshes its token
      Then Steward receives a token

  @GM-03 @GUIDANCE @gm-draft-5.2 @gm-draft-10 @needs:as.gm.replace @needs:as.refresh
  Rule: To replace leaves what is agreed to now and nothing else, and ends the refresh tokens from before
    Otherwise a client that gives something up keeps it.

    @needs:as.gm.query
    Scenario: The grant holds what was agreed to last
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      When Steward asks Ada for "read:appointments" replacing its grant
      Then Steward holds exactly "read:appointments"
      And Steward cannot create an appointment for Ada
      And a query of Steward's grant shows exactly "read:appointments"

    Scenario: Steward refreshes with its first token
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      And Ada has then granted Steward "read:appointments" replacing its grant
      When Steward refreshes its first token
      Then Steward is refused with "invalid_grant"
      And Steward receives no token

    Scenario: Steward refreshes with its new one
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      And Ada has then granted Steward "read:appointments" replacing its grant
      When Steward refreshes its token
      Then Steward holds exactly "read:appointments"

    @SHOULD @needs:as.introspection @needs:token.revocation_visible=immediate
    Scenario: The first access token ends
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      When Steward asks Ada for "read:appointments" replacing its grant
      Then Steward's first token has ended

    @control
    Scenario: The first token had it all
      When Steward asks Ada for "read:appointments write:appointments" creating a grant
      Then Steward holds exactly "read:appointments write:appointments"

  @GM-04 @GUIDANCE @gm-draft-5.4 @gm-draft-5.2 @needs:as.gm.merge @needs:as.refresh
  Rule: A grant that is unknown, of another client or of another person is out of reach
    Otherwise one person's yes fills another person's grant.

    @needs:fx.users>=2
    Scenario: Bo is asked to add to Ada's grant
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Bo for "read:appointments" merging into its grant
      Then Steward is refused, typically with "invalid_grant_id"
      And Steward's earlier grant still yields exactly "read:appointments"

    @needs:fx.users>=2 @needs:as.gm.query
    Scenario: Ada is asked to add to Bo's grant
      Given Bo has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "read:appointments write:appointments" merging into its grant
      Then Steward is refused, typically with "invalid_grant_id"
      And a query of Steward's grant shows exactly "read:appointments"

    @needs:as.gm.query
    Scenario: Another client asks Ada to add to it
      Given Ada has granted Steward "read:appointments" creating a grant
      When Planner asks Ada for "write:appointments" merging into Steward's grant
      Then Planner is refused, typically with "invalid_grant_id"
      And a query of Steward's grant shows exactly "read:appointments"

    Scenario: There is no such grant
      When Steward asks Ada for "read:appointments" merging into a grant that nobody has
      Then Steward is refused, typically with "invalid_grant_id"
      And Steward receives no token

    @control
    Scenario: Ada is asked to add to her own
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" merging into its grant
      Then Steward holds at least "write:appointments"

  @GM-05 @GUIDANCE @gm-draft-5.4 @needs:as.gm.create
  Rule: A request whose action and grant id do not fit together is refused
    A guess at what was meant changes a grant that nobody meant to change.

    Scenario: An id, and create
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" creating a grant and naming its grant
      Then Steward is refused, typically with "invalid_request"
      And Steward receives no token

    @needs:as.gm.query
    Scenario: An id, and no action
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" naming its grant
      Then Steward is refused, typically with "invalid_request"
      And a query of Steward's grant shows exactly "read:appointments"

    Scenario: An action that there is not
      When Steward asks Ada for "read:appointments" with the grant management action "x-unknown"
      Then Steward is refused, typically with "invalid_request"
      And Steward receives no token

    @control
    Scenario: Create, and no id
      When Steward asks Ada for "read:appointments" creating a grant
      Then Steward receives a token

  @GM-06 @GUIDANCE @gm-draft-6.4 @derived @needs:as.gm.create @needs:as.gm.query
  Rule: A query of a grant shows what is in it now
    Otherwise a client goes by what it once asked for.

    @needs:consent.ui=granular
    Scenario: Ada did not agree to everything
      Given Ada will grant only "read:appointments"
      When Steward asks Ada for "read:appointments write:appointments" creating a grant
      Then a query of Steward's grant shows exactly "read:appointments"

    @needs:consent.edit=edit_scopes
    Scenario: Ada has taken something back
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      When Ada removes "write:appointments" from Steward's grant
      Then a query of Steward's grant shows no more than "read:appointments"

    @control
    Scenario: Ada agreed to everything
      When Steward asks Ada for "read:appointments write:appointments" creating a grant
      Then a query of Steward's grant shows exactly "read:appointments write:appointments"

  @GM-07 @GUIDANCE @gm-draft-6.1 @gm-draft-6.6 @needs:as.gm.create @needs:as.gm.query @needs:as.gm.revoke
  Rule: Asking about a grant and ending it each take a scope of their own
    Otherwise every token that leaks ends its grant.

    Scenario Outline: Steward <does> its grant with <token>
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward <does> its grant with <token>
      Then the grant management API refuses Steward
      And a query of Steward's grant shows exactly "read:appointments"

      Examples: the scope for the other, and none of the two
        | does    | token                                 |
        | revokes | a token for "grant_management_query"  |
        | queries | a token for "grant_management_revoke" |
        | revokes | the token of that grant               |
        | queries | the token of that grant               |

    Scenario Outline: Somebody without a token <does> it
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward <does> its grant with no token
      Then the grant management API refuses Steward with a challenge
      And a query of Steward's grant shows exactly "read:appointments"

      Examples: both things that can be done
        | does    |
        | queries |
        | revokes |

    @control
    Scenario: Steward queries its grant with the scope for that
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward queries its grant with a token for "grant_management_query"
      Then the grant management API serves Steward

    @control
    Scenario: Steward revokes its grant with the scope for that
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward revokes its grant with a token for "grant_management_revoke"
      Then the grant management API serves Steward

  @GM-08 @MUST @gm-draft-6.5 @needs:as.gm.create @needs:as.gm.revoke @needs:as.refresh
  Rule: To revoke a grant ends it and every refresh token that came of it
    Revoking that only hides the grant leaves the client in.

    Scenario: Steward refreshes afterwards
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      And Steward has revoked its grant
      When Steward refreshes its token
      Then Steward is refused with "invalid_grant"
      And Steward receives no token

    Scenario: Steward had refreshed before
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      And Steward has refreshed its token
      And Steward has revoked its grant
      When Steward refreshes its token
      Then Steward is refused with "invalid_grant"
      And Steward receives no token

    @needs:as.gm.merge
    Scenario: Steward had added to it before
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has then granted Steward "write:appointments" merging into its grant
      And Steward has revoked its first grant
      When Steward refreshes its token
      Then Steward is refused with "invalid_grant"
      And Steward receives no token

    @SHOULD @needs:as.introspection @needs:token.revocation_visible=immediate
    Scenario: The access token ends with it
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward revokes its grant with a token for "grant_management_revoke"
      Then Steward's first token has ended

    @SHOULD @needs:as.gm.query
    Scenario: There is nothing left to ask about
      Given Ada has granted Steward "read:appointments" creating a grant
      And Steward has revoked its grant
      When Steward queries its grant with a token for "grant_management_query"
      Then the grant management API refuses Steward

    @control
    Scenario: Nobody has revoked it
      Given Ada has granted Steward "read:appointments write:appointments" creating a grant
      When Steward refreshes its token
      Then Steward receives a token

  @GM-09 @GUIDANCE @gm-draft-3.5 @gm-draft-5.2 @derived @needs:as.gm.create @needs:as.refresh
  Rule: Two grants of one person to one client stay apart
    Otherwise the second is written over the first, or both come to all of it.

    Scenario: Each has an id
      Given Ada has granted Steward "write:appointments" creating a grant
      When Steward asks Ada for "read:appointments" creating a grant
      Then Steward is given another grant id than before
      And Steward holds exactly "read:appointments"

    Scenario: The first still yields its own
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has then granted Steward "write:appointments" creating a grant
      When Steward refreshes its first token
      Then Steward holds exactly "read:appointments"

    @needs:as.gm.query
    Scenario: The first still shows its own
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" creating a grant
      Then a query of Steward's first grant shows exactly "read:appointments"

    @needs:as.gm.revoke
    Scenario: The second is revoked
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has then granted Steward "write:appointments" creating a grant
      And Steward has revoked its grant
      When Steward refreshes its first token
      Then Steward holds exactly "read:appointments"
      And Steward can read an appointment of Ada

    @control
    Scenario: The second yields its own
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has then granted Steward "write:appointments" creating a grant
      When Steward refreshes its token
      Then Steward receives a token

  @GM-10 @GUIDANCE @gm-draft-5.2 @derived @needs:as.gm.merge @needs:as.refresh @needs:consent.ui!=none
  Rule: Saying no to a change leaves the grant as it was
    Otherwise asking is enough to break it, or to widen it.

    @needs:as.gm.query @needs:consent.deny
    Scenario: Ada says no to an addition
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada will deny
      When Steward asks Ada for "write:appointments" merging into its grant
      Then Steward is refused
      And a query of Steward's grant shows exactly "read:appointments"

    @needs:consent.deny
    Scenario: Steward goes on as before
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has denied Steward "write:appointments" merging into its grant
      When Steward refreshes its token
      Then Steward holds exactly "read:appointments"
      And Steward cannot create an appointment for Ada

    @needs:as.gm.replace @needs:consent.deny
    Scenario: Ada says no to a replacement
      Given Ada has granted Steward "read:appointments" creating a grant
      And Ada has denied Steward "write:appointments" replacing its grant
      When Steward refreshes its token
      Then Steward holds exactly "read:appointments"

    @control
    Scenario: Ada says yes
      Given Ada has granted Steward "read:appointments" creating a grant
      When Steward asks Ada for "write:appointments" merging into its grant
      Then Steward holds at least "write:appointments"

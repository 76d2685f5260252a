Feature: Exchanging one access token for another
  A client trades a token for one that fits better: with less scope, for another
  API, on behalf of somebody. RFC 8693 leaves to the server what may come of it.
  What the server has declared is held to.

  @TX-01 @MAY @rfc8693-2.1 @rfc8693-2.2.1 @derived @needs:as.tx @needs:as.code
  Rule: What an exchange may yield follows one policy: the token, or what the client and the resource owner may have
    Otherwise exchanging is a way to obtain what nobody granted.

    Scenario: Planner has a token to read and asks to write as well
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its first token asking for "read:appointments write:appointments", 5 times
      Then the choice of "tx" is the same each time
      And each of them is not misled about its scope

    @needs:policy.tx=subset
    Scenario: A token to read yields nothing more
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then Planner holds nothing that the exchanged token did not
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:fx.clients.scope_limits
    Scenario: Viewer asks for what it may not have
      Given Ada has granted Viewer "read:appointments"
      When Viewer exchanges its token asking for "read:appointments write:appointments"
      Then Viewer holds no scope beyond "read:appointments"
      And Viewer cannot create an appointment for Ada

    @needs:policy.user_limits
    Scenario: Planner asks for what Bo may not do
      Given Bo has granted Planner "read:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then Planner holds none of "write:appointments"
      And Planner cannot create an appointment for Bo

    @needs:policy.tx=subset @needs:as.oidc
    Scenario: A token that opens no claims yields none that does
      Given Ada has granted Planner "openid read:appointments"
      When Planner exchanges its token asking for "openid email read:appointments"
      Then Planner holds nothing that the exchanged token did not

    @needs:policy.tx=subset @needs:as.refresh @needs:policy.refresh_narrowing=honours
    Scenario: A narrowed token yields nothing of the grant that it comes from
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has refreshed its token asking for "read:appointments"
      When Planner exchanges its token
      Then Planner holds nothing that the exchanged token did not
      And Planner cannot create an appointment for Ada

    @needs:policy.tx=subset
    Scenario: What another token yielded before does not count
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has exchanged its token asking for "read:appointments write:appointments"
      And Ada has then granted Planner "read:appointments"
      When Planner exchanges its token
      Then Planner holds nothing that the exchanged token did not

    @needs:ctl.client_admin
    Scenario: Planner may no longer write
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has been limited to "read:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then Planner holds none of "write:appointments"

    @needs:ctl.role_admin
    Scenario: Ada may no longer write
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has been permitted "read:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then Planner holds none of "write:appointments"

    @control
    Scenario: A token to write yields one to write
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner exchanges its token asking for "write:appointments"
      Then Planner can create an appointment for Ada

  @TX-02 @MUST @rfc8693-2.2.1 @needs:as.tx @needs:as.code
  Rule: The response names the scope unless it is the one that was asked for
    The client cannot know what a server made of its request.

    Scenario: Planner asks for nothing in particular
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner exchanges its token
      Then Planner is refused, or told what it holds

    Scenario: Planner asks for more than it can have
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then Planner is not misled about its scope

    @control
    Scenario: Planner asks for what it can have
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token asking for "read:appointments"
      Then Planner holds at least "read:appointments"

  @TX-03 @SHOULD @rfc8693-2.1 @rfc9700-2.3 @derived @needs:as.tx @needs:as.code
  Rule: A client that asks for less than its token holds gets less
    Otherwise a service hands on its whole power with every call that it makes.

    Scenario: Planner asks to read only
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner exchanges its first token asking for "read:appointments", 5 times
      Then narrowing is honoured
      And each of them is not misled about its scope

    @control
    Scenario: Asking for all of it works
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @TX-04 @SHOULD @rfc8693-2.2.2 @derived @needs:as.tx @needs:as.code @needs:as.resource @needs:policy.tx=subset
  Rule: A token for an API that nobody granted is not issued
    Otherwise a token for one API is a token for all of them.

    Scenario: Planner asks for a token for the other API
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token for the other API, asking for "read:appointments"
      Then Planner is refused, typically with "invalid_target", or told what it holds
      And Planner's token is no good at the other API

    @control
    Scenario: Planner asks for a token for the same API
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token asking for "read:appointments"
      Then Planner can read an appointment of Ada

    @control
    Scenario: A token that was granted for the other API is good there
      When Planner asks Ada for "read:appointments" at the other API
      Then Planner's token is good at the other API

  @TX-05 @MUST @rfc9068-2.2.3 @rfc8693-2.1 @derived @needs:as.tx @needs:as.code @needs:as.resource @needs:fx.same_name_scope @needs:policy.tx=subset
  Rule: A scope of one API does not become the scope of that name at another
    Names are only unique where they were given: reading appointments here is not
    reading appointments there.

    Scenario: Planner may read contacts there and appointments here
      Given Ada has granted Planner "read:contacts" at the other API
      And Ada has granted Planner "read:appointments"
      When Planner exchanges its token for the other API, asking for "read:appointments"
      Then Planner's token is no good at the other API

    @control
    Scenario: A scope that was granted there is good there
      When Planner asks Ada for "read:appointments" at the other API
      Then Planner's token is good at the other API

  @TX-06 @MUST @rfc8693-2.1 @rfc8693-2.2.2 @needs:as.tx @needs:as.code
  Rule: A token that is no longer good, or never was, is exchanged for nothing
    Otherwise exchanging brings back to life what has ended.

    @needs:consent.edit!=none @needs:token.revocation_visible=immediate
    Scenario: Ada has revoked the grant behind it
      Given Ada has granted Planner "read:appointments"
      And Ada has revoked Planner's grant
      When Planner exchanges its token asking for "read:appointments"
      Then Planner is refused, typically with "invalid_request"
      And Planner receives no token

    @needs:ctl.clock
    Scenario: It has expired
      Given Ada has granted Planner "read:appointments"
      And the lifetime of Planner's token has passed
      When Planner exchanges its token asking for "read:appointments"
      Then Planner is refused, typically with "invalid_request"
      And Planner receives no token

    @needs:token.format=jwt
    Scenario: It says more than the server wrote
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token, rewritten to say "read:appointments write:appointments"
      Then Planner is refused, typically with "invalid_request"
      And Planner receives no token

    @control
    Scenario: A good one is exchanged
      Given Ada has granted Planner "read:appointments"
      When Planner exchanges its token asking for "read:appointments"
      Then Planner can read an appointment of Ada

  @TX-07 @SHOULD @rfc8693-1.1 @rfc8693-4.1 @derived @needs:as.tx.actor @needs:as.code @needs:fx.clients>=2 @needs:policy.tx=subset
  Rule: Who acts for a resource owner adds nothing to what the resource owner granted
    Otherwise two tokens that are harmless alone are dangerous together.

    Scenario Outline: Rival may write, and acts for Planner <asking>
      Given Ada has granted Planner "read:appointments"
      And Ada has granted Rival "write:appointments"
      When Planner exchanges its token with Rival's token as the actor<how>
      Then Planner holds nothing that the exchanged token did not
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: whether it asks to write or not
        | asking                   | how                                               |
        | without asking for scope |                                                   |
        | and asks to write        | , asking for "read:appointments write:appointments" |

    @control
    Scenario: Acting for Planner is good for reading
      Given Ada has granted Planner "read:appointments"
      And Ada has granted Rival "write:appointments"
      When Planner exchanges its token with Rival's token as the actor, asking for "read:appointments"
      Then Planner can read an appointment of Ada

  @TX-08 @SHOULD @rfc8693-2.1 @rfc9700-2.3 @derived @needs:as.tx @needs:as.code @needs:policy.tx=subset
  Rule: What one exchange left behind the next one does not bring back
    A weak token is handed on because it is weak.

    Scenario Outline: Planner has exchanged its token for one to read, and asks for "<asked>"
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has exchanged its token asking for "read:appointments"
      When Planner exchanges its token asking for "<asked>"
      Then Planner holds nothing that the exchanged token did not

      Examples: what was left behind, and all of it
        | asked                                |
        | write:appointments                   |
        | read:appointments write:appointments |

    @control
    Scenario: What was kept can be exchanged again
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has exchanged its token asking for "read:appointments"
      When Planner exchanges its token asking for "read:appointments"
      Then Planner can read an appointment of Ada

  @TX-09 @SHOULD @rfc7662-4 @rfc8693-2.1 @derived @needs:as.tx @needs:as.code @needs:as.introspection @needs:consent.edit!=none @needs:token.revocation_visible=immediate
  Rule: Where changes are seen at once, they are seen in exchanged tokens, too
    Otherwise a client that fears to be shut out exchanges its token in time. RFC
    8693 does not tie the new token to the old one, and says that it may be
    desirable all the same.

    Scenario: Ada revokes the grant
      Given Ada has granted Planner "read:appointments"
      And Planner has exchanged its token asking for "read:appointments"
      When Ada revokes Planner's grant
      Then introspection shows Planner's token inactive

    @needs:consent.edit=edit_scopes @needs:as.introspection.scope
    Scenario: Ada takes writing back
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has exchanged its token asking for "read:appointments write:appointments"
      When Ada removes "write:appointments" from Planner's grant
      Then introspection shows Planner's token with no scope beyond "read:appointments"

    @control
    Scenario: Before that it is good
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner exchanges its token asking for "read:appointments write:appointments"
      Then introspection shows Planner's token active

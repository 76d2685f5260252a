Feature: Refreshing while others refresh, and while the grant changes
  A refresh reads what was granted, and then writes new tokens. What happens
  between the two must not be lost. A request that overlaps with a change may see
  the grant as it was or as it is; one that begins when the change has been
  acknowledged sees it as it is.

  @CONC-03 @MUST @oauth2.1-4.3.1 @rfc6749-6 @derived @needs:as.code @needs:as.refresh @needs:consent.edit=edit_scopes
  Rule: What is taken out of a grant while its tokens are refreshed stays out
    A refresh that was under way writes back what it had read, and the scope that
    Ada has just removed is there again for good.

    @rounds:10
    Scenario: Ada takes writing back while Planner refreshes
      Given Ada has granted Planner "read:appointments write:appointments", 10 times
      When Planner refreshes all its tokens at once while Ada removes "write:appointments" from its grant
      Then what was asked after the change was acknowledged holds none of "write:appointments"
      And what they were given yields no scope beyond "read:appointments" afterwards

    @control
    Scenario: Nothing is taken back
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds at least "read:appointments"

  @CONC-04 @MUST @oauth2.1-4.3.1 @rfc7009-2.1 @rfc6749-5.2 @derived @needs:as.code @needs:as.refresh
  Rule: A refresh that is under way does not bring back what is revoked
    Otherwise whoever refreshes at the right moment keeps a grant that has ended.

    @rounds:10 @needs:consent.edit!=none
    Scenario: Ada revokes the grant while Planner refreshes
      Given Ada has granted Planner "read:appointments write:appointments", 10 times
      When Planner refreshes all its tokens at once while Ada revokes its grant
      Then what they were given yields nothing afterwards

    @rounds:10 @needs:as.revocation
    Scenario: Planner revokes its tokens while it refreshes them
      Given Ada has granted Planner "read:appointments write:appointments", 10 times
      When Planner refreshes all its tokens at once while it revokes them
      Then what they were given yields nothing afterwards

    @control
    Scenario: Nothing is revoked
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds at least "read:appointments"

  @CONC-05 @MUST @rfc9700-4.14.2 @rfc6749-6 @needs:as.code @needs:as.refresh
  Rule: A refresh token that is used many times at once yields no more than the grant, and goes on once at most
    Otherwise a thief refreshes in the same instant as the client, and nobody ever
    notices.

    @rounds:5
    Scenario: Everybody asks for more
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token 20 times at once, asking for "read:appointments write:appointments"
      Then each of them holds no scope beyond "read:appointments"

    @rounds:15 @needs:policy.refresh_narrowing=honours
    Scenario: Everybody asks for a part, and not for the same
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token 20 times at once, asking by turns for "read:appointments" and "write:appointments"
      Then each of them holds no scope beyond what it asked for

    @rounds:20 @needs:fx.clients.public
    Scenario: Pocket, which cannot prove who it is, goes on with one at most
      Given Ada has granted Pocket "read:appointments"
      When Pocket refreshes its token 20 times at once
      Then at most one of them can be refreshed afterwards

    @control
    Scenario: Once works
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds at least "read:appointments"

  @CONC-06 @MUST @rfc6749-3.3 @rfc6749-6 @derived @needs:as.code @needs:as.refresh @needs:policy.refresh_narrowing=honours
  Rule: Refreshes for different parts of a grant do not mix
    A weak token that was meant for somebody else comes out strong.

    @rounds:8
    Scenario: Planner refreshes many tokens, half to read and half to write
      Given Ada has granted Planner "read:appointments write:appointments", 16 times
      When Planner refreshes all its tokens at once, asking by turns for "read:appointments" and "write:appointments"
      Then each of them holds exactly what it asked for, or is refused

    @control
    Scenario: Planner refreshes one, to write
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "write:appointments"
      Then Planner holds at least "write:appointments"

  @CONC-10 @GUIDANCE @rfc6749-6 @rfc6749-10.3 @derived @needs:as.code @needs:as.refresh @needs:ctl.role_admin|ctl.client_admin
  Rule: What a person or a client may no longer do is not issued once that is settled, whoever is refreshing
    A permission that was looked up a moment ago outlives the decision to take it
    away.

    @rounds:5 @needs:ctl.role_admin
    Scenario: Ada may no longer write
      Given Ada has granted Planner "read:appointments write:appointments", 10 times
      When Planner refreshes all its tokens at once while Ada is permitted "read:appointments"
      Then what was asked after the change was acknowledged holds none of "write:appointments"
      And what they were given yields no scope beyond "read:appointments" afterwards

    @rounds:5 @needs:ctl.client_admin
    Scenario: Planner may no longer write
      Given Ada has granted Planner "read:appointments write:appointments", 10 times
      When Planner refreshes all its tokens at once while it is limited to "read:appointments"
      Then what was asked after the change was acknowledged holds none of "write:appointments"
      And what they were given yields no scope beyond "read:appointments" afterwards

    @control
    Scenario: Nothing is taken away
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds at least "read:appointments"

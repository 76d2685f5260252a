Feature: Roles limit what can be granted
  Ada may do everything, Bo may only read, Cy may do nothing. Nobody can grant
  what they may not do themselves.

  @ROLE-01 @GUIDANCE @rfc6819-5.1.5.1 @rfc9700-2.3 @needs:as.code @needs:policy.user_limits
  Rule: A scope that the resource owner has no permission for is not granted
    Otherwise consent alone makes Bo an editor.

    Scenario: Bo agrees to everything
      When Planner asks Bo for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"

    @needs:fx.clients.public
    Scenario: Bo agrees to everything that a public client asks
      When Pocket asks Bo for "read:appointments write:appointments"
      Then Pocket holds no scope beyond "read:appointments"

    @control
    Scenario: Ada agrees to everything
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @ROLE-02 @GUIDANCE @auth0-rbac @needs:as.code @needs:policy.user_limits
  Rule: What the resource owner may do and the client did not ask for is not added
    The role is an upper bound and not a gift.

    Scenario: Planner asks Ada, who may do everything, only to read
      When Planner asks Ada for "read:appointments"
      Then Planner holds exactly "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @ROLE-03 @GUIDANCE @auth0-rbac @derived @needs:as.code @needs:policy.user_limits @needs:fx.scopes.decoys
  Rule: The limit covers every API scope, however it is spelt
    Otherwise a scope without a colon passes for an OpenID scope.

    Scenario Outline: Bo is asked for "<scope>"
      When Planner asks Bo for "read:appointments <scope>"
      Then Planner holds no scope beyond "read:appointments"

      Examples: without a colon, longer and shorter than what Bo may do, in other letters
        | scope                 |
        | appointments-admin    |
        | read:appointments:all |
        | read:appointment      |
        | READ:APPOINTMENTS     |

    @control
    Scenario: Ada may grant it
      When Planner asks Ada for "read:appointments read:appointments:all"
      Then Planner holds at least "read:appointments read:appointments:all"

  @ROLE-04 @MAY @rfc6749-4.1.2.1 @auth0-rbac @needs:as.code @needs:policy.user_limits
  Rule: A request beyond the role is always refused, or always reduced
    A client cannot deal with a server that does both.

    Scenario: Bo is asked to let Planner write, again and again
      When Planner asks Bo for "read:appointments write:appointments" 5 times
      Then the choice of "user_excess" is the same each time
      And Planner holds no scope beyond "read:appointments"

  @ROLE-05 @MUST @rfc6749-6 @derived @needs:as.code @needs:as.refresh @needs:ctl.role_admin @needs:policy.user_excess=drop @needs:consent.ui=granular
  Rule: A permission that came later does not widen a grant at refresh
    Nobody agreed to it: it was not there to agree to.

    Scenario: Bo may write now, and Planner refreshes
      Given Bo has granted Planner only "read:appointments" of "read:appointments write:appointments"
      And Bo has been permitted "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Bo
      And Bo's calendar is unchanged

    @control
    Scenario: A new request may have it
      Given Bo has been permitted "read:appointments write:appointments"
      When Planner asks Bo for "read:appointments write:appointments"
      Then Planner can create an appointment for Bo

  @ROLE-06 @GUIDANCE @auth0-rbac @needs:as.code @needs:as.refresh @needs:ctl.role_admin
  Rule: A permission that was taken away is gone from what is issued next
    Otherwise a role is looked at once and never again.

    Scenario: Ada may only read now, and Planner refreshes
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has been permitted "read:appointments"
      When Planner refreshes its token
      Then Planner holds no scope beyond "read:appointments"

    Scenario: Ada may only read now, and Planner asks again
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has been permitted "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"

    Scenario Outline: Ada may only read now, and Planner fetches what it asked for <way>
      Given Planner has a code from Ada for "openid read:appointments write:appointments" <way>
      And Ada has been permitted "read:appointments"
      When Planner redeems its code
      Then Planner holds no scope beyond "openid read:appointments"

      @needs:as.device
      Examples: where there are devices
        | way         |
        | on a device |

      @needs:as.ciba
      Examples: where there is a backchannel
        | way                  |
        | over the backchannel |

    @needs:policy.incremental=union @needs:as.oidc
    Scenario: Ada may only read now, and Planner asks for something else on top of what it has
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Ada has been permitted "read:appointments"
      When Planner asks Ada for "email" on top of what it has
      Then Planner holds no scope beyond "openid email read:appointments"

    @control
    Scenario: Ada still may, and Planner refreshes
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @ROLE-07 @GUIDANCE @rfc6749-3.3 @derived @needs:as.code @needs:as.refresh @needs:policy.user_limits @needs:fx.user_grants>=2
  Rule: The limit holds at every door that leads to a resource owner's token
    A check at the sign-in page does not guard the token endpoint.

    Scenario: Bo's refresh token is asked for more
      Given Bo has granted Planner "read:appointments"
      When Planner refreshes its token asking for "write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Bo
      And Bo's calendar is unchanged

    Scenario: A first-party client asks Bo
      When House asks Bo for "read:appointments write:appointments"
      Then House holds no scope beyond "read:appointments"

  @ROLE-08 @MUST @rfc9700-2.3 @rfc6749-7 @needs:as.code @needs:rs.api @needs:fx.user.privileged
  Rule: A powerful resource owner does not make a weak token strong
    Otherwise every token of an administrator can do everything.

    Scenario: A token to read from Ada, who may do everything
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada
      And Planner cannot create an appointment for Ada
      And Planner cannot delete an appointment of Ada
      And Ada's calendar is unchanged

  @ROLE-09 @GUIDANCE @rfc9068-4 @rfc9700-2.3 @needs:as.code @needs:rs.user_bound @needs:fx.users>=2
  Rule: The right scope does not open somebody else's things
    Scope says what may be done, and not to whom.

    Scenario: Bo's token and Ada's appointment
      When Planner asks Bo for "read:appointments"
      Then Planner can read an appointment of Bo
      And Planner's token does not show an appointment of Ada

    Scenario: Bo, who may have nothing of his own there
      When Planner asks Bo for "read:appointments"
      Then Planner's token does not show an appointment of Ada

    @control
    Scenario: Ada's token and her own appointment
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada

  @ROLE-10 @GUIDANCE @auth0-rbac @derived @needs:as.code @needs:as.refresh @needs:policy.user_limits @needs:policy.user_excess=drop
  Rule: The limit works where the token request names no scope
    Otherwise a missing parameter opens everything, or locks Bo out.

    Scenario: Bo's token is refreshed without scope
      Given Bo has granted Planner only "read:appointments" of "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments"

  @ROLE-11 @MUST @rfc6749-3.3 @derived @needs:as.code @needs:policy.user_limits @needs:fx.users>=2
  Rule: One person's permissions are not used for another
    Otherwise whoever signs in first decides for everyone.

    Scenario: Ada and Bo sign in to the same client in turn
      When these requests are made in turn 5 times:
        | client  | owner | scope                                |
        | Planner | Ada   | read:appointments write:appointments |
        | Planner | Bo    | read:appointments write:appointments |
      Then each of them holds exactly what its owner may grant, or is refused

Feature: Introspecting a token
  A resource server that cannot read a token asks the authorization server. What
  it is told decides what the token opens.

  @INTR-01 @MUST @rfc7662-2.2 @needs:as.introspection.scope|rs.introspects @needs:as.code|as.cc
  Rule: The scope that introspection tells is the scope of that token
    An API that asks lets the token do what it is told, whatever was granted.

    @needs:as.introspection.scope @needs:as.code
    Scenario: A token for two scopes
      When Planner asks Ada for "read:appointments write:appointments"
      Then introspection shows Planner's token with exactly "read:appointments write:appointments"

    @needs:as.introspection.scope @needs:as.code @needs:consent.ui=granular
    Scenario: A token that Ada narrowed
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then introspection shows Planner's token with exactly "read:appointments"

    @needs:as.introspection.scope @needs:as.code @needs:policy.user_limits @needs:policy.user_excess=drop
    Scenario: A token that Bo's role narrowed
      When Planner asks Bo for "read:appointments write:appointments"
      Then introspection shows Planner's token with exactly "read:appointments"

    @needs:as.introspection.scope @needs:as.code @needs:as.refresh
    Scenario: A refreshed token
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then introspection shows Planner's token with exactly "read:appointments"

    @needs:as.introspection.scope @needs:as.introspection.machine @needs:as.cc
    Scenario: A machine's token
      When Worker asks for "read:appointments" on its own behalf
      Then introspection shows Worker's token with exactly "read:appointments"

    @needs:as.introspection.scope @needs:as.code @needs:fx.clients>=2
    Scenario: What another client is told, if it may ask
      When Planner asks Ada for "read:appointments"
      Then introspection shows Rival, if it may ask, Planner's token with no scope beyond "read:appointments"

    @needs:as.code @needs:rs.introspects
    Scenario: What the API is told
      When Planner asks Ada for "read:appointments"
      Then introspection shows the API Planner's token with exactly "read:appointments"

    @needs:as.introspection.scope @needs:as.code @needs:as.refresh @needs:consent.ui=granular
    Scenario: A refresh token of a grant that Ada narrowed
      Given Ada has granted Planner only "read:appointments" of "read:appointments write:appointments"
      When Planner refreshes its token
      Then introspection shows Planner's refresh token, if at all, with exactly "read:appointments"

  @INTR-02 @SHOULD @rfc7662-2.2 @needs:as.introspection @needs:as.code
  Rule: Of a token that is not good, introspection tells nothing else
    Whoever finds an old token learns from it whose it was, and what it could do.

    @needs:consent.edit!=none @needs:token.revocation_visible=immediate
    Scenario: Ada has revoked the grant
      Given Ada has granted Planner "read:appointments"
      When Ada revokes Planner's grant
      Then introspection shows Planner's token inactive and nothing else

    @needs:as.revocation @needs:as.refresh
    Scenario: Planner has revoked its refresh token
      Given Ada has granted Planner "read:appointments"
      When Planner revokes its refresh token
      Then introspection shows Planner's refresh token, if at all, inactive and nothing else

    @needs:ctl.clock
    Scenario: The token has expired
      Given Ada has granted Planner "read:appointments"
      When the lifetime of Planner's token passes
      Then introspection shows Planner's token inactive and nothing else

    @control
    Scenario: A token that is good is shown
      When Planner asks Ada for "read:appointments"
      Then introspection shows Planner's token active

  @INTR-03 @MUST @rfc7662-2.2 @rfc7662-4 @needs:rs.other_introspects @needs:as.code @needs:fx.apis>=2
  Rule: An API that a token is not for is not told that it is good
    Two APIs may have a scope of the same name: the one would open to tokens for
    the other.

    Scenario: The other API asks about a token for the first one
      When Planner asks Ada for "read:appointments"
      Then introspection shows the other API nothing of Planner's token

    @control
    Scenario: It is told of a token that is for it
      When Planner asks Ada for "read:appointments" at the other API
      Then introspection shows the other API Planner's token active

  @INTR-04 @MUST @rfc7662-2.2 @rfc6749-6 @derived @needs:as.introspection.scope @needs:as.code @needs:as.refresh @needs:policy.refresh_narrowing=honours
  Rule: Introspection tells a narrowed token from the grant that it comes from
    A client that hands on a weak token would hand on a strong one.

    Scenario: Planner asks for less at refresh
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments"
      Then introspection shows Planner's token with exactly "read:appointments"
      And introspection shows Planner's refresh token, if at all, with exactly "read:appointments write:appointments"

    @control
    Scenario: A token that was not narrowed has both
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then introspection shows Planner's token active

  @INTR-05 @MUST @rfc7662-2.1 @rfc7662-4 @needs:as.introspection @needs:as.introspection.auth @needs:as.code
  Rule: Nobody learns of a token who has not proved who it is
    Otherwise whoever guesses, or finds, a token learns whose it is and what it opens.

    Scenario: Somebody without credentials asks
      When Planner asks Ada for "read:appointments"
      Then introspection shows a stranger nothing of Planner's token

    @needs:fx.clients.public
    Scenario: Pocket asks, of which anybody knows the identifier
      When Planner asks Ada for "read:appointments"
      Then introspection shows Pocket nothing of Planner's token

    @SHOULD @needs:fx.clients>=2
    Scenario: Somebody asks with a token that is for something else
      Given Ada has granted Rival "read:appointments"
      When Planner asks Ada for "read:appointments"
      Then introspection shows the bearer of Rival's token nothing of Planner's token

    @control
    Scenario: Whoever may ask is told
      When Planner asks Ada for "read:appointments"
      Then introspection shows Planner's token active

  @INTR-06 @MUST @rfc7662-2.2 @rfc6749-7 @derived @needs:rs.introspects @needs:as.code|as.cc
  Rule: An API that introspects serves what it is told, and nothing more
    A token that is active is not a token that may do everything.

    @needs:as.code
    Scenario Outline: Planner's token for "<scope>"
      When Planner asks Ada for "<scope>"
      Then what introspection tells the API is what Planner's token opens

      Examples: one of them, the other, and both
        | scope                                |
        | read:appointments                    |
        | write:appointments                   |
        | read:appointments write:appointments |

    @needs:as.cc
    Scenario: A machine's token
      When Robot asks for "read:appointments" on its own behalf
      Then what introspection tells the API is what Robot's token opens

    @control @needs:as.code
    Scenario: A token to write is good for writing
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

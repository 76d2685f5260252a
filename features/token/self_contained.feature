Feature: Tokens that say for themselves what they are good for
  An API that reads a token asks nobody. What stands in it is all that the API
  knows.

  @JWT-01 @SHOULD @rfc9068-2.2.3 @needs:as.code @needs:token.jwt_profile_9068
  Rule: A token that was asked for with a scope names its scope
    An API that finds none serves nothing, or everything.

    Scenario: Planner's token
      When Planner asks Ada for "read:appointments"
      Then the claims of Planner's token name its scope

    @needs:as.refresh
    Scenario: Planner's refreshed token
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then the claims of Planner's token name its scope

    @needs:fx.clients.first_party
    Scenario: The token of a first-party client
      When House asks Ada for "write:appointments"
      Then the claims of House's token name its scope

  @JWT-02 @MUST @rfc8693-4.2 @rfc9068-2.2.3 @derived @needs:as.code|as.cc @needs:token.format=jwt
  Rule: The scope in a token is the scope that it was issued for
    Not that of its grant, not that of its client: an API has nothing else to go by.

    @needs:as.code
    Scenario: A token for all that was asked
      When Planner asks Ada for "read:appointments write:appointments"
      Then the claims of Planner's token say "read:appointments write:appointments"

    @needs:as.code @needs:consent.ui=granular
    Scenario: A token that Ada narrowed
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then the claims of Planner's token say "read:appointments"

    @needs:as.code @needs:policy.user_limits @needs:policy.user_excess=drop
    Scenario: A token that Bo's role narrowed
      When Planner asks Bo for "read:appointments write:appointments"
      Then the claims of Planner's token say "read:appointments"

    @needs:as.code @needs:as.refresh @needs:policy.refresh_narrowing=honours
    Scenario: A token that Planner narrowed itself
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments"
      Then the claims of Planner's token say "read:appointments"

    @needs:as.cc
    Scenario: A machine's token
      When Worker asks for "read:appointments" on its own behalf
      Then the claims of Worker's token say "read:appointments"

  @JWT-05 @GUIDANCE @rfc9068-6 @oidc-3.1.2.4 @derived @needs:as.code @needs:as.oidc @needs:token.format=jwt
  Rule: A token carries nothing personal that was not granted
    Every API that is shown it, and every log that it ends up in, would know.

    Scenario: Planner is to know who Ada is, and no more
      When Planner asks Ada for "openid read:appointments"
      Then Planner's access token carries no claims of "profile email address phone"

    @needs:consent.ui=granular
    Scenario: Ada has declined to tell her e-mail address
      Given Ada will grant only "openid read:appointments"
      When Planner asks Ada for "openid email read:appointments"
      Then Planner's access token carries no claims of "email"

    @needs:as.refresh
    Scenario: Planner refreshes its token
      Given Ada has granted Planner "openid read:appointments"
      When Planner refreshes its token
      Then Planner's access token carries no claims of "profile email address phone"

    @needs:as.device
    Scenario: Planner asks on a device
      When Planner asks Ada for "openid read:appointments" on a device
      Then Planner's access token carries no claims of "profile email address phone"

    @needs:as.tx
    Scenario: Planner exchanges its token
      Given Ada has granted Planner "openid read:appointments"
      When Planner exchanges its token
      Then Planner's access token carries no claims of "profile email address phone"

    @needs:fx.apis>=2
    Scenario: Planner asks at the other API
      When Planner asks Ada for "openid read:appointments" at the other API
      Then Planner's access token carries no claims of "profile email address phone"

    @control
    Scenario: Ada can tell it
      When Planner asks Ada for "openid email read:appointments"
      Then Planner holds at least "email"

  @JWT-06 @MUST @rfc9068-5 @needs:as.code @needs:token.jwt_profile_9068 @needs:fx.apis>=2
  Rule: Tokens for different APIs are for different audiences
    Two APIs may have a scope of the same name: what would be left to tell their
    tokens apart?

    Scenario: Planner obtains a token for each API
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "read:appointments" at the other API
      Then Planner's tokens are for different APIs

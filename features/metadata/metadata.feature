Feature: What servers publish of their scopes
  Clients are configured from metadata. A server need not publish its scopes, but
  what it publishes should be so.

  @DISC-01 @MUST @rfc8414-2 @oidc-discovery-3 @rfc9728-2 @derived @needs:as.metadata.scopes|rs.prm
  Rule: Scopes are published as a list, one scope an entry
    A client that takes an entry for one scope asks for something that there is not.

    Scenario: The metadata of the server, and of the APIs
      Then the metadata lists scopes one by one

  @DISC-02 @MUST @oidc-discovery-3 @needs:as.code @needs:as.oidc
  Rule: An OpenID Provider supports openid, and should say so
    A client that looks for it there cannot sign anybody in.

    Scenario: Planner signs Ada in
      When Planner asks Ada for "openid"
      Then Planner receives an ID token

    @SHOULD @needs:as.metadata.scopes
    Scenario: The list has what signing in needs
      Then the metadata lists what signing in needs

  @DISC-03 @SHOULD @rfc8414-2 @oidc-discovery-3 @derived @needs:as.code @needs:as.metadata.scopes
  Rule: What a server advertises it knows
    A client that asks for all that is there is refused for it.

    Scenario: Planner asks for each of them
      When Planner asks Ada for each scope that the server advertises
      Then each of them was known

  @DISC-04 @MAY @rfc8414-2 @oidc-discovery-3 @rfc9728-2 @derived @needs:as.code @needs:as.metadata.scopes @needs:fx.scopes.unadvertised
  Rule: A scope that is not advertised may be granted, and no otherwise than the others
    Servers may keep a scope out of the list. They may not keep it from Ada.

    Scenario: Planner asks for it
      When Planner asks Ada for "read:appointments" and the unadvertised scope
      Then Planner holds no scope beyond "read:appointments" and the unadvertised scope
      And Planner holds no scope that Ada was not shown
      And Planner is not misled about its scope

  @DISC-05 @SHOULD @rfc9068-4 @rfc8414-2 @derived @needs:as.metadata.scopes @needs:as.oidc
  Rule: Where a server publishes its scopes in two places, it publishes the same
    It would depend on the library what a client finds.

    Scenario: The metadata of the server in both places
      Then the metadata lists the same in both places

  @DISC-06 @GUIDANCE @rfc9728-2 @rfc9728-7.2 @derived @needs:as.code @needs:rs.prm
  Rule: What an API advertises can be had for it
    A client that learns from the API what to ask for asks in vain.

    Scenario: Planner asks for each of them
      When Planner asks Ada for each scope that the API advertises
      Then each of them was known

  @DISC-07 @MUST @rfc9728-5.1 @rfc9728-3.3 @needs:as.code @needs:rs.prm
  Rule: The metadata that a refusal names is about the API that refuses
    Otherwise a client goes and asks for the scopes of another.

    Scenario: Planner may not write
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then the metadata that Planner's refusal names, if any, is that of the API

    Scenario: Stranger has no token at all
      When Stranger lists the appointments of Ada
      Then the metadata that Stranger's refusal names, if any, is that of the API

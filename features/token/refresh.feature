Feature: Refreshing an access token
  A client may trade a refresh token for a new access token and may ask for
  less than it was granted. It can never end up with more.

  @REF-01 @MUST @rfc6749-6 @needs:as.code @needs:as.refresh
  Rule: Refreshing without scope yields what was granted
    Not what was asked for at the start, not nothing, not the client's default.

    Scenario: Planner refreshes
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments write:appointments"
      And Planner can create an appointment for Ada

    @needs:consent.ui=granular
    Scenario: Planner refreshes what Ada narrowed
      Given Ada has granted Planner only "read:appointments" of "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments"
      And Planner can read an appointment of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.oidc @needs:as.par
    Scenario: Planner was granted reading by a pushed request
      Given Ada has granted Planner "openid read:appointments" by a pushed request
      When Planner refreshes its token
      Then Planner holds no scope beyond "openid read:appointments"

    @needs:rs.dpop
    Scenario: Planner has a key that its tokens are bound to
      Given Planner has a key that its tokens are bound to
      And Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments"

  @REF-02 @SHOULD @rfc6749-6 @rfc6749-3.3 @needs:as.code @needs:as.refresh
  Rule: A client that asks for less at refresh gets less, or is told what it got
    Otherwise a client that wants to hand on a weaker token hands on a strong one.

    Scenario: Planner asks to read only
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments" 5 times
      Then the choice of "refresh_narrowing" is the same each time
      And Planner is not misled about its scope
      And narrowing is honoured

    @control
    Scenario: Asking for all of it works
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @REF-03 @MUST @rfc6749-6 @rfc6749-5.2 @needs:as.code @needs:as.refresh
  Rule: Refreshing never yields a scope that was not granted
    Otherwise a stolen refresh token buys more than the resource owner agreed to.

    @control
    Scenario: What was granted keeps working
      Given Ada has granted Planner "write:appointments"
      When Planner refreshes its token asking for "write:appointments"
      Then Planner can create an appointment for Ada

    Scenario Outline: Planner asks for "<asked>"
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token asking for "<asked>"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: more than was granted, and something else
        | asked                                |
        | read:appointments write:appointments |
        | write:appointments                   |

    @needs:as.oidc
    Scenario: Planner asks for a claim scope that Ada did not grant
      Given Ada has granted Planner "openid read:appointments"
      When Planner refreshes its token asking for "openid email read:appointments"
      Then Planner holds no scope beyond "openid read:appointments"
      And UserInfo tells Planner no more than the claims of "openid"

    Scenario: Planner tries it again after a refusal
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments", 3 times
      Then each of them holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

    Scenario: Planner asks for more and then for nothing in particular
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token, asking in turn for:
        | scope                                |
        | read:appointments write:appointments |
        |                                      |
      Then each of them holds no scope beyond "read:appointments"

    @needs:as.oidc @needs:as.par
    Scenario: Planner was granted reading by a pushed request, and asks for more
      Given Ada has granted Planner "openid read:appointments" by a pushed request
      When Planner refreshes its token asking for "openid read:appointments write:appointments"
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner cannot create an appointment for Ada

  @REF-04 @MUST @rfc6749-6 @needs:as.code @needs:as.refresh @needs:policy.refresh_narrowing=honours
  Rule: Asking for less once does not make the refresh token worth less
    Otherwise a client that is careful once has lost the rest for good.

    Scenario: Planner narrows, then refreshes again
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has refreshed its token asking for "read:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments write:appointments"
      And Planner can create an appointment for Ada

    Scenario: Planner narrows, then asks for all of it
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has refreshed its token asking for "read:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner holds exactly "read:appointments write:appointments"

    @needs:as.oidc
    Scenario: Planner leaves claim scopes out, then refreshes again
      Given Ada has granted Planner "openid email read:appointments"
      And Planner has refreshed its token asking for "openid read:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "openid email read:appointments"

  @REF-05 @MUST @rfc6749-6 @needs:as.code @needs:as.refresh @needs:consent.ui=granular|policy.user_limits
  Rule: The upper bound at refresh is what was granted, not what was asked for
    A server that compares with the request hands out, one refresh later, the very
    scope that the resource owner refused.

    @needs:consent.ui=granular
    Scenario: Ada had refused writing
      Given Ada has granted Planner only "read:appointments" of "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:policy.user_limits @needs:policy.user_excess=drop
    Scenario: Bo may not write
      Given Bo has granted Planner only "read:appointments" of "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Bo
      And Bo's calendar is unchanged

    @control
    Scenario: Had Ada agreed, it would be there
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @REF-06 @MUST @rfc6749-6 @needs:as.code @needs:as.refresh
  Rule: The upper bound at refresh is the grant, not what the client may have at all
    Otherwise every refresh token is worth the client's whole registration.

    Scenario: Planner refreshes, though it may have more
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:fx.clients.public
    Scenario: Pocket, which has no secret, refreshes
      Given Ada has granted Pocket "read:appointments"
      When Pocket refreshes its token
      Then Pocket holds no scope beyond "read:appointments"

    @needs:fx.clients.public
    Scenario: Pocket, which has no secret, refreshes for more
      Given Ada has granted Pocket "read:appointments"
      When Pocket refreshes its token asking for "read:appointments write:appointments"
      Then Pocket holds no scope beyond "read:appointments"

    @control
    Scenario: What was granted can be refreshed
      Given Ada has granted Planner "write:appointments"
      When Planner refreshes its token asking for "write:appointments"
      Then Planner can create an appointment for Ada

  @REF-07 @MUST @rfc6749-3.3 @rfc6749-6 @derived @needs:as.code @needs:as.refresh @needs:fx.scopes.decoys
  Rule: At refresh a scope is compared whole, and case-sensitively
    Otherwise a look-alike of a small scope buys a large one.

    Scenario Outline: Planner was granted "<granted>" and asks for "<asked>"
      Given Ada has granted Planner "<granted>"
      When Planner refreshes its token asking for "<asked>"
      Then Planner holds no scope beyond "<granted>"

      Examples: longer, shorter, and spelt otherwise
        | granted               | asked                 |
        | read:appointments:own | read:appointments     |
        | read:appointments     | read:appointments:own |
        | read:appointments     | READ:APPOINTMENTS     |
        | read:appointments     | read:appointment      |
        | unread:appointments   | read:appointments     |

    @control
    Scenario: The scope itself is there
      Given Ada has granted Planner "read:appointments:own read:appointments"
      When Planner refreshes its token asking for "read:appointments:own read:appointments"
      Then Planner can read an appointment of Ada

  @REF-08 @MUST @rfc6749-6 @rfc6749-10.4 @needs:as.code @needs:as.refresh @needs:fx.clients>=2
  Rule: A refresh token works only for the client that it was issued to
    Otherwise a leaked refresh token is worth something to everybody.

    Scenario: Rival refreshes Planner's token
      Given Ada has granted Planner "read:appointments write:appointments"
      When Rival refreshes Planner's token
      Then Rival is refused with "invalid_grant"
      And Rival receives no token

    @needs:fx.clients.public
    Scenario: Pocket refreshes Planner's token
      Given Ada has granted Planner "read:appointments write:appointments"
      When Pocket refreshes Planner's token
      Then Pocket is refused
      And Pocket receives no token

    @control
    Scenario: Planner presents it itself
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @REF-09 @MUST @rfc6749-3.2 @needs:as.code @needs:as.refresh
  Rule: Parameters of another grant have no say in a refresh
    Otherwise a refresh token and somebody's code together are worth both.

    Scenario: Planner adds a code for more to its refresh request
      Given Planner has a code from Ada for "read:appointments write:appointments"
      And Ada has granted Planner "read:appointments"
      When Planner refreshes its token, adding that code
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: The code itself is good for more
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner can create an appointment for Ada

  @REF-10 @MUST @rfc6749-5.2 @rfc6749-6 @derived @needs:as.code @needs:as.refresh
  Rule: An unknown or malformed scope at refresh is refused or left out, and costs nothing
    Otherwise a slip of the pen locks the client out, or puts an invented scope into a token.

    Scenario Outline: Planner asks for <what>
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token asking for "<asked>"
      Then Planner is refused with "invalid_scope or invalid_request", or is told "read:appointments"
      And Planner's earlier grant still yields exactly "read:appointments"

      Examples: nobody knows it; nobody may write it so
        | what              | asked             |
        | an unknown scope  | x-unknown:scope   |
        | a malformed scope | read:appointments\\x |

  @REF-11 @MUST @rfc6749-3.3 @oidc-5.3 @derived @needs:as.code @needs:as.refresh @needs:as.oidc.userinfo @needs:policy.refresh_narrowing=honours
  Rule: Leaving out OpenID scopes at refresh closes UserInfo accordingly
    Otherwise a narrowed token still tells who Ada is.

    @needs:as.oidc.optional
    Scenario: Planner keeps only an API scope
      Given Ada has granted Planner "openid email read:appointments"
      When Planner refreshes its token asking for "read:appointments"
      Then UserInfo refuses Planner
      And Planner can read an appointment of Ada

    Scenario: Planner keeps only openid
      Given Ada has granted Planner "openid email read:appointments"
      When Planner refreshes its token asking for "openid"
      Then UserInfo tells Planner no more than the claims of "openid"

    @control
    Scenario: Planner keeps all of it
      Given Ada has granted Planner "openid email read:appointments"
      When Planner refreshes its token asking for "openid email read:appointments"
      Then UserInfo tells Planner at least one claim of "email"

  @REF-12 @GUIDANCE @rfc6749-10.3 @needs:as.code @needs:as.refresh @needs:ctl.client_admin
  Rule: A scope that the client has lost is no longer issued at refresh
    Otherwise taking a scope from a client takes effect when its last refresh token dies.

    Scenario: Planner has lost writing
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has been limited to "read:appointments"
      When Planner refreshes its token
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: Planner has lost nothing that it was granted
      Given Ada has granted Planner "read:appointments"
      And Planner has been limited to "read:appointments"
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @REF-13 @MUST @rfc9700-4.14.2 @oauth2.1-3.2.3 @needs:as.code @needs:as.refresh @needs:as.resource
  Rule: A refresh token is bound to the API it was granted for
    Otherwise a scope at one API becomes a scope of the same name at another.

    Scenario: Planner asks for a token for the other API
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token for the other API
      Then Planner's token is no good at the other API

    @control
    Scenario: A token that was granted for the other API is good there
      When Planner asks Ada for "read:appointments" at the other API
      Then Planner's token is good at the other API

    @control
    Scenario: For its own API it is good
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @REF-14 @MUST @rfc6749-6 @rfc6749-5.1 @needs:as.code @needs:as.refresh @needs:policy.refresh_narrowing=honours
  Rule: However often a token is refreshed, the grant stays what it was
    Otherwise scopes drift away, or gather, from one refresh to the next.

    Scenario: Planner refreshes again and again, asking for different scopes
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token, asking in turn for:
        | scope                                |
        | read:appointments                    |
        | write:appointments                   |
        |                                      |
        | read:appointments write:appointments |
        | read:appointments                    |
        |                                      |
      Then each of them holds exactly what it asked for
      And Planner holds exactly "read:appointments write:appointments"

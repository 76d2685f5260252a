Feature: Asking silently, and insisting on being asked
  With the prompt parameter a client decides whether the resource owner sees a
  page. It never decides what they agreed to.

  @PRMT-01 @MUST @oidc-3.1.2.1 @derived @needs:as.code @needs:as.oidc.silent @needs:consent.remembered
  Rule: A silent request for what was agreed to yields just that, without a page
    Otherwise a client that wants to keep what it has must disturb the resource
    owner, or comes back with more than it asked for.

    Scenario: Planner asks silently for all of it
      Given Ada has granted Planner "openid email read:appointments"
      When Planner asks Ada for "openid email read:appointments" silently
      Then Planner holds exactly "openid email read:appointments"

    # A server may remember a consent as a whole, and then a part of it is another one.
    @SHOULD
    Scenario: Planner asks silently for a part of it
      Given Ada has granted Planner "openid email read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner holds exactly "openid read:appointments"

  @PRMT-02 @MUST @oidc-3.1.2.1 @oidc-3.1.2.6 @needs:as.code @needs:as.oidc.prompt @needs:consent.ui!=none @needs:fx.clients>=2 @needs:fx.clients.fresh
  Rule: A silent request that nobody agreed to is answered with an error, and with nothing else
    Otherwise the first silent request is a consent of its own.

    Scenario: Ada has never heard of Planner
      Given Ada has granted Rival "openid"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner is sent back with an error, typically "consent_required or interaction_required or login_required or access_denied"
      And Planner receives no token

    @control
    Scenario: With a page, Ada can agree
      When Planner asks Ada for "openid read:appointments"
      Then Planner holds at least "openid read:appointments"

  @PRMT-03 @MAY @oidc-3.1.2.1 @rfc6749-3.3 @derived @needs:as.code @needs:as.oidc.prompt @needs:consent.remembered @needs:consent.ui!=none @needs:fx.clients.fresh
  Rule: A silent request for more than was agreed to is refused, or yields what was agreed to and says so
    Otherwise "without a page" means "without a decision".

    Scenario: Planner asks silently for a scope more
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently, 5 times
      Then the choice of "silent_excess" is the same each time
      And each of them holds no scope beyond "openid read:appointments"
      And each of them is told "openid read:appointments", or is refused

    Scenario: Planner asks silently for another scope in its place
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid write:appointments" silently
      Then Planner holds none of "write:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.oidc.userinfo
    Scenario: Planner asks silently for claims that Ada was never asked about
      Given Ada has granted Planner "openid"
      When Planner asks Ada for "openid email" silently
      Then Planner is refused
      And Planner receives no token

    @control @needs:as.oidc.silent
    Scenario: What Ada agreed to can be had silently
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds at least "openid read:appointments write:appointments"

  @PRMT-04 @MUST @oidc-3.1.2.1 @needs:as.code @needs:as.oidc.prompt
  Rule: To ask silently and for a page at once is an error
    Whoever ignores the one half approves silently what should have been asked.

    Scenario Outline: Planner asks with the prompt "<prompt>"
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" with the prompt "<prompt>"
      Then Planner is sent back with an error, typically "invalid_request or consent_required or login_required or interaction_required"
      And Planner receives no token

      Examples: no page and the consent page, no page and the sign-in page, in either order
        | prompt       |
        | none consent |
        | consent none |
        | none login   |
        | login none   |

    @control @needs:consent.ui!=none
    Scenario: To ask for the consent page alone works
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments", insisting on consent
      Then Planner holds at least "openid read:appointments"

  @PRMT-05 @SHOULD @oidc-3.1.2.1 @needs:as.code @needs:as.oidc.prompt
  Rule: A client that insists on consent has the resource owner asked, whatever is remembered
    Otherwise nobody can be asked again after a change of mind.

    Scenario: Ada has agreed before
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments", insisting on consent
      Then Ada was asked, or Planner is refused

    @needs:consent.driver.lists
    Scenario: The page offers all of it again
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments", insisting on consent
      Then Ada was asked about "read:appointments write:appointments"

  @PRMT-06 @MUST @rfc6749-4.1.2.1 @oidc-3.1.2.1 @derived @needs:as.code @needs:as.oidc.prompt @needs:as.refresh @needs:consent.ui!=none @needs:consent.deny
  Rule: Saying no to a client that insists gives it nothing, now or later
    Otherwise the question alone upgrades the tokens from before.

    @needs:consent.deny
    Scenario: Ada says no to more
      Given Ada has granted Planner "openid read:appointments"
      And Ada will deny
      When Planner asks Ada for "openid read:appointments write:appointments", insisting on consent
      Then Planner is refused, typically with "access_denied"
      And Planner receives no token

    @SHOULD @needs:consent.deny
    Scenario: Ada says no to what she agreed to before
      Given Ada has granted Planner "openid read:appointments"
      And Ada will deny
      When Planner asks Ada for "openid read:appointments", insisting on consent
      Then Planner is refused, typically with "access_denied"

    @needs:consent.deny
    Scenario: The refresh token from before does not grow by it
      Given Ada has granted Planner "openid read:appointments"
      And Ada has denied Planner "openid read:appointments write:appointments", insisting on consent
      When Planner refreshes its first token
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: Ada says yes to more
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments", insisting on consent
      Then Planner holds at least "openid read:appointments write:appointments"

  @PRMT-07 @MUST @oidc-3.1.2.3 @oidc-3.1.2.6 @needs:as.code @needs:as.oidc.prompt
  Rule: A silent request from a browser in which the person it is about is not signed in is an error
    Otherwise a name in the request is as good as a password.

    Scenario: Nobody is signed in
      Given Ada has granted Planner "openid read:appointments"
      And Ada has changed to another browser
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner is sent back with an error, typically "login_required or interaction_required or account_selection_required"
      And Planner receives no token

    Scenario: Nobody is signed in, and Planner gives Ada's name
      Given Ada has granted Planner "openid read:appointments"
      And Ada has changed to another browser
      When Planner asks Ada for "openid read:appointments" silently and hinting at the name
      Then Planner is sent back with an error, typically "login_required or interaction_required or account_selection_required"
      And Planner receives no token

    @needs:consent.ui!=none @needs:fx.clients>=2 @needs:fx.users>=2 @needs:fx.clients.fresh
    Scenario: Ada is signed in, and Planner gives Bo's name
      Given Bo has granted Planner "openid read:appointments"
      And Ada has granted Rival "openid"
      And Bo uses the browser that Ada used
      When Planner asks Bo for "openid read:appointments" silently and hinting at the name
      Then Planner is sent back with an error, typically "login_required or consent_required or interaction_required or account_selection_required"
      And Planner receives no token

    @control @needs:consent.remembered @needs:as.oidc.silent
    Scenario: In Ada's own browser it works
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner holds at least "openid read:appointments"

Feature: The API under many tokens at once
  Who asks, and what they may, belongs to one request.

  @CONC-11 @MUST @rfc6749-7 @derived @needs:as.code @needs:rs.api
  Rule: A token among many others opens what it opens alone
    A principal that is kept where all requests see it lets one client act with the
    scope of another.

    @rounds:8 @needs:fx.clients>=2
    Scenario: Tokens to read, to write, and none
      Given Ada has granted Planner "read:appointments"
      And Ada has granted Rival "write:appointments"
      When every client's token, and none, is tried at once on every operation of Ada's calendar
      Then every answer is the one that the same request gets alone

    @rounds:8 @needs:as.resource @needs:fx.clients>=2 @needs:fx.clients.public
    Scenario: Tokens to do both, and for another API
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has granted Rival "write:appointments"
      And Ada has granted Pocket "read:appointments" at the other API
      When every client's token, and none, is tried at once on every operation of Ada's calendar
      Then every answer is the one that the same request gets alone

"""Words with a job in a sentence: they lead to names, or are never names themselves.

English first; German, French, Spanish and Italian as far as short requests go.
"""

from __future__ import annotations

# Words between names. A name may still be one of them where it is given plainly (`app: it`).
FUNCTION = frozenset(
    """a about above after again all also always an and another any are as at automatically
    available be because been before below between both but by called can could currently daily
    did do does each either every everything few for from had has have here hourly how if in into
    is it its just keep later like many may maybe me more most must my name named need needs never
    no not nothing now of off on once one only onto or our out over perhaps please same several
    shall should since so some such than that the their them then there these they this those
    through to today tomorrow too twice under until up us via was we weekly were what when where
    whether which while who whose why will with within without would yes yesterday you your
    labelled labeled marked tagged carrying
    two three four five six seven eight nine ten eleven twelve dozen half
    monday tuesday wednesday thursday friday saturday sunday weekday weekdays weekend month monthly
    noon midnight nightly tonight called calling using uses use reachable outside inside everyone
    everybody anyone anything someone something
    allen alle als am an auf aus automatisch bei bis bitte das dass dem den der des die doch ein
    eine einem einen einer er es für gegen genannt hat haben ich ihr im immer ins ist jede jeden
    jeder jedes kann kein keine mit muss nach namens neue neuen nicht noch nur oder ohne pro sein
    sich sie sind soll sollen täglich um und uns unser unsere unseren unter vom von vor wenn wie
    wir wird zu zum zur zwei drei vier fünf sechs sieben acht neun zehn
    au aussi aux avec ce cette ces chaque comme dans de depuis des doit du elle en entre est et il
    la le les leur mais nommé nommée notre nous ou où par pas pour que qui sans se ses son sont
    sous sur tous un une vers veuillez appelé appelée deux trois quatre cinq sept huit neuf dix
    al con como cada debe del desde donde dos el ella esta este hacia hasta las llamado llamada lo
    los más nuestra nuestro o para pero por que se según si sin sobre su todos tres una uno y cuatro
    alle che chiamato chiamata con da dei del della di e gli i il in nel nella ogni per più senza
    un una""".split()
)

# What a thing is, never what it is called.
TYPES = frozenset(
    """account agent agents api app application autoscaler autoscaling backend batch broker budget
    cache cert certificate claim class cluster component config configmap configuration connection
    consumer container cpu cron cronjob daemon daemonset database db default deny deploy deployment
    disk disruption dns environment env frontend group host horizontal hpa http https image images
    ingress instance instances job jobs limit limits machine machines map memory microservice
    microservices namespace namespaces network netpol node nodes ns owner path pdb pod pods policy
    port ports priority priorityclass process project pv pvc quota reader replica replicas role
    rule schedule secret server service services serviceaccount set setting settings site stack
    stateful statefulset storage store svc system task tasks team tenant traffic user value
    volume volumes web webapp webservice website worker workers workload workloads
    agenten anwendung dienst dienste dienstkonto knoten speicher aufgabe datenbank server namensraum
    kontingent regel richtlinie prozess webdienst prioritätsklasse
    agent application base données service serveur tâche espace politique règle
    aplicación base datos espacio servicio servidor tarea trabajo trabajador política regla
    servizio processo""".split()
)

# How a thing is, never what it is called.
QUALITIES = frozenset(
    """background big dedicated disposable existing extra fresh good highly horizontal internal
    large little long-running new old one-off own persistent public private queue quick read-only
    scheduled second shared simple single small stateless static tiny whole our
    neuer neues laufend eigene eigenen
    nouveau nouvelle nuevo nueva nuovo nuova""".split()
)

ARTICLE = (
    r"(?:the|our|my|your|their|its|this|an?|der|die|das|de[nm]|eine?[nmr]?|unsere?[nmr]?|"
    r"le|la|les|notre|nos|une?|el|los|las|nuestr[oa]|il|lo|gli)"
)
ACTION = (
    r"(?<![\w-])(?:run|deploy|host|serve|launch|start|ship|schedule|expose|publish|install|create|"
    r"add|scale|autoscale|update|change|bump|resize|restart|provide|protect|reserve|provision|"
    r"need|want|roll\s+out|bring\s+up|set\s+up|spin\s+up|stand\s+up|"
    r"starte|betreibe|skaliere|veröffentliche|erstelle|installiere|plane|brauchen|schütze|"
    r"lance|déploie|crée|exécute|installe|publie|démarre|"
    r"despliega|ejecuta|crea|lanza|instala|publica|escala|esegui|avvia|installa|pubblica|executa)"
    r"(?![\w-])"
)
NAMED = (
    r"(?<![\w-])(?:called|named|(?:call|name)\s+(?:it|this|them)|(?:by|under|with|of)\s+the\s+name(?:\s+of)?"
    r"|namens|genannt|mit\s+dem\s+namen|nenne\s+(?:es|ihn|sie)|appelée?s?|nommée?s?|"
    r"llamad[oa]s?|chamad[oa]|chiamat[oa])(?![\w-])"
)


def is_name(word: str) -> bool:
    """Whether a bare word may be what something is called."""
    fold = word.casefold()
    return not (fold in FUNCTION or fold in TYPES or fold in QUALITIES or fold.isdigit())

"""The phrases of sentences, as data: one row per language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """`trouble` by kind (see domain.case.SERVICES); `since`, `clear`, `solved` take a local time, `solved` its length, too;
    `dated` is a time of another day, `months` the names of the twelve. `other` names no place and no time, for someone who
    is informed about another person's line. `overrun` takes the local time at which declared works should have ended;
    `withdrawn` retracts a report, without place or time: it may reach anyone who was notified. So may `merged`: the problem
    goes on as part of a wider one. `works`, `works_over`: declared works, for someone who asks; `checking`: what was
    silenced. `unmeasured` takes the local time since which nothing newer is known."""

    trouble: Mapping[str, str]
    since: str
    clear: str
    working: str
    advice: str
    solved: str
    lasted: str
    other: str
    other_solved: str
    fine: str
    unsure: str
    dated: str
    months: str
    overrun: str
    withdrawn: str
    merged: str
    works: str
    works_over: str
    checking: str
    unmeasured: str


SPEECH: Mapping[str, Phrases] = {
    "en": Phrases(
        trouble={
            "coverage": "There has been no mobile coverage in part of your area",
            "connecting": "Calls and mobile data have often failed to start in your area",
            "calls": "Calls have often failed to connect in your area",
            "dropping": "Calls and connections have sometimes dropped in your area",
            "slow": "Mobile data has been slow in your area",
        },
        since=" since {time}.",
        clear="We expect it to work again by about {time}.",
        working="We are working on it.",
        advice="Wi-Fi helps in the meantime.",
        solved="The problem with the mobile network in your area ended at {time}, after {length}.",
        lasted="If it still fails, switch the phone off and on.",
        other="A mobile line you look after has a network problem at the moment. We are working on it.",
        other_solved="The network problem of a mobile line you look after is solved.",
        fine="We know of no network problem for this line right now.",
        unsure="We cannot say for certain whether the network is the cause.",
        dated="{clock} on {day} {month}",
        months="January February March April May June July August September October November December",
        overrun="Planned works that were due to end at {time} are taking longer.",
        withdrawn="We reported a network problem that was a false alarm: data that reached us late show that the network "
        "was working normally. You need not do anything.",
        merged="The network problem that we reported turned out to be part of a wider one. What we say about that "
        "one holds for this line, too.",
        works="Planned works on the network are under way. Calls and mobile data may be limited while they last.",
        works_over="The planned works on the network are finished.",
        checking="Our technicians are checking the network right now. We cannot say yet whether this line is affected.",
        unmeasured="We have had no newer measurements since {time}.",
    ),
    "de": Phrases(
        trouble={
            "coverage": "In einem Teil Ihrer Gegend gibt es kein Mobilfunknetz",
            "connecting": "Anrufe und mobile Daten starten in Ihrer Gegend oft nicht",
            "calls": "Anrufe kommen in Ihrer Gegend oft nicht zustande",
            "dropping": "Anrufe und Verbindungen können in Ihrer Gegend abbrechen",
            "slow": "Mobile Daten sind in Ihrer Gegend langsam",
        },
        since=", seit {time}.",
        clear="Wir rechnen damit, dass es gegen {time} wieder geht.",
        working="Wir arbeiten daran.",
        advice="In der Zwischenzeit hilft WLAN.",
        solved="Die Netzstörung in Ihrer Gegend ist seit {time} behoben; sie dauerte {length}.",
        lasted="Hakt es noch, schalten Sie das Telefon bitte aus und ein.",
        other="Ein Mobilfunkanschluss, um den Sie sich kümmern, hat gerade eine Netzstörung. Wir arbeiten daran.",
        other_solved="Die Netzstörung eines Mobilfunkanschlusses, um den Sie sich kümmern, ist behoben.",
        fine="Uns ist für diesen Anschluss gerade keine Netzstörung bekannt.",
        unsure="Wir können nicht sicher sagen, ob es am Netz liegt.",
        dated="{day}. {month}, {clock} Uhr",
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        overrun="Geplante Arbeiten, die bis {time} dauern sollten, ziehen sich hin.",
        withdrawn="Die Netzstörung, die wir gemeldet haben, war ein Fehlalarm: Verspätete Messdaten zeigen, dass das "
        "Netz normal lief. Sie müssen nichts tun.",
        merged="Die gemeldete Netzstörung gehört zu einer größeren Störung. Was wir zu dieser sagen, gilt auch für "
        "diesen Anschluss.",
        works="Am Netz laufen geplante Arbeiten. Solange sie dauern, können Anrufe und mobile Daten eingeschränkt sein.",
        works_over="Die geplanten Arbeiten am Netz sind abgeschlossen.",
        checking="Unsere Technik prüft gerade das Netz. Ob dieser Anschluss betroffen ist, können wir noch nicht sagen.",
        unmeasured="Seit {time} liegen uns keine neueren Messungen vor.",
    ),
    "fr": Phrases(
        trouble={
            "coverage": "Il n'y a pas de réseau mobile dans une partie de votre secteur",
            "connecting": "Les appels et les données mobiles ont du mal à démarrer dans votre secteur",
            "calls": "Les appels aboutissent mal dans votre secteur",
            "dropping": "Les appels et les connexions peuvent couper dans votre secteur",
            "slow": "Les données mobiles sont lentes dans votre secteur",
        },
        since=" depuis {time}.",
        clear="Nous pensons que tout remarchera vers {time}.",
        working="Nous y travaillons.",
        advice="En attendant, le Wi-Fi peut aider.",
        solved="Le problème de réseau dans votre secteur est terminé depuis {time}, après {length}.",
        lasted="S'il persiste, éteignez puis rallumez le téléphone.",
        other="Une ligne mobile dont vous vous occupez a un problème de réseau en ce moment. Nous y travaillons.",
        other_solved="Le problème de réseau d'une ligne mobile dont vous vous occupez est résolu.",
        fine="Nous ne connaissons pas de problème de réseau pour cette ligne.",
        unsure="Nous ne savons pas avec certitude si le réseau est en cause.",
        dated="le {day} {month} à {clock}",
        months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        overrun="Des travaux prévus jusqu'à {time} durent plus longtemps.",
        withdrawn="Le problème de réseau que nous avons signalé était une fausse alerte : des mesures reçues en retard "
        "montrent que le réseau fonctionnait normalement. Vous n'avez rien à faire.",
        merged="Le problème de réseau que nous avons signalé fait partie d'un problème plus large. Ce que nous "
        "disons de celui-ci vaut aussi pour cette ligne.",
        works="Des travaux prévus sont en cours sur le réseau. Pendant ce temps, les appels et les données mobiles "
        "peuvent être limités.",
        works_over="Les travaux prévus sur le réseau sont terminés.",
        checking="Nos techniciens vérifient le réseau en ce moment. Nous ne savons pas encore si cette ligne est touchée.",
        unmeasured="Nous n'avons pas de mesures plus récentes depuis {time}.",
    ),
    "es": Phrases(
        trouble={
            "coverage": "No hay cobertura móvil en parte de su zona",
            "connecting": "Las llamadas y los datos móviles fallan a menudo al empezar en su zona",
            "calls": "Las llamadas a menudo no se conectan en su zona",
            "dropping": "Las llamadas y conexiones pueden cortarse en su zona",
            "slow": "Los datos móviles van lentos en su zona",
        },
        since=" desde las {time}.",
        clear="Esperamos que vuelva a funcionar hacia las {time}.",
        working="Estamos trabajando en ello.",
        advice="Mientras tanto, la wifi ayuda.",
        solved="El problema de la red móvil en su zona terminó a las {time}, tras {length}.",
        lasted="Si sigue fallando, apague y encienda el teléfono.",
        other="Una línea móvil a su cargo tiene ahora un problema de red. Estamos trabajando en ello.",
        other_solved="El problema de red de una línea móvil a su cargo está resuelto.",
        fine="No nos consta ningún problema de red en esta línea.",
        unsure="No podemos asegurar que la causa sea la red.",
        dated="{clock} del {day} de {month}",
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        overrun="Unos trabajos previstos hasta las {time} se alargan.",
        withdrawn="El problema de red que comunicamos fue una falsa alarma: datos llegados con retraso muestran que "
        "la red funcionaba con normalidad. No tiene que hacer nada.",
        merged="El problema de red que comunicamos forma parte de otro más amplio. Lo que digamos de ese vale "
        "también para esta línea.",
        works="Hay trabajos previstos en la red. Mientras duren, las llamadas y los datos móviles pueden verse limitados.",
        works_over="Los trabajos previstos en la red han terminado.",
        checking="Nuestros técnicos están revisando la red en este momento. "
        "Aún no podemos decir si esta línea está afectada.",
        unmeasured="No tenemos mediciones más recientes desde las {time}.",
    ),
    "it": Phrases(
        trouble={
            "coverage": "In parte della sua zona manca la copertura mobile",
            "connecting": "Nella sua zona le chiamate e i dati mobili spesso non partono",
            "calls": "Nella sua zona le chiamate spesso non si collegano",
            "dropping": "Nella sua zona chiamate e connessioni possono cadere",
            "slow": "Nella sua zona i dati mobili sono lenti",
        },
        since=" dalle {time}.",
        clear="Contiamo che torni a funzionare verso le {time}.",
        working="Ci stiamo lavorando.",
        advice="Nel frattempo il Wi-Fi aiuta.",
        solved="Il problema della rete mobile nella sua zona è finito alle {time}, dopo {length}.",
        lasted="Se continua, spenga e riaccenda il telefono.",
        other="Una linea mobile di cui si occupa ha ora un problema di rete. Ci stiamo lavorando.",
        other_solved="Il problema di rete di una linea mobile di cui si occupa è risolto.",
        fine="Non ci risultano problemi di rete per questa linea.",
        unsure="Non possiamo dire con certezza se la causa sia la rete.",
        dated="{clock} del {day} {month}",
        months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        overrun="Lavori previsti fino alle {time} si stanno prolungando.",
        withdrawn="Il problema di rete che avevamo segnalato era un falso allarme: dati arrivati in ritardo mostrano "
        "che la rete funzionava normalmente. Non deve fare nulla.",
        merged="Il problema di rete che avevamo segnalato fa parte di uno più ampio. Quel che diciamo di quello "
        "vale anche per questa linea.",
        works="Sono in corso lavori previsti sulla rete. Finché durano, chiamate e dati mobili possono essere limitati.",
        works_over="I lavori previsti sulla rete sono terminati.",
        checking="I nostri tecnici stanno controllando la rete. Non sappiamo ancora se questa linea è interessata.",
        unmeasured="Non abbiamo misure più recenti dalle {time}.",
    ),
    "nl": Phrases(
        trouble={
            "coverage": "In een deel van uw omgeving is geen mobiel bereik",
            "connecting": "Bellen en mobiele data starten vaak niet in uw omgeving",
            "calls": "Bellen lukt vaak niet in uw omgeving",
            "dropping": "Gesprekken en verbindingen kunnen wegvallen in uw omgeving",
            "slow": "Mobiele data is traag in uw omgeving",
        },
        since=", sinds {time}.",
        clear="We verwachten dat het rond {time} weer werkt.",
        working="We werken eraan.",
        advice="Intussen helpt wifi.",
        solved="De storing in uw omgeving is sinds {time} voorbij en duurde {length}.",
        lasted="Werkt het nog niet? Zet de telefoon uit en aan.",
        other="Een mobiele lijn waar u voor zorgt heeft nu een netwerkstoring. We werken eraan.",
        other_solved="De netwerkstoring van een mobiele lijn waar u voor zorgt is opgelost.",
        fine="We kennen nu geen netwerkstoring voor deze lijn.",
        unsure="We weten niet zeker of het aan het netwerk ligt.",
        dated="{day} {month} om {clock}",
        months="januari februari maart april mei juni juli augustus september oktober november december",
        overrun="Geplande werkzaamheden tot {time} lopen uit.",
        withdrawn="De storing die we meldden was vals alarm: gegevens die te laat binnenkwamen laten zien dat het "
        "netwerk normaal werkte. U hoeft niets te doen.",
        merged="De storing die we meldden hoort bij een grotere storing. Wat we daarover zeggen, geldt ook voor deze lijn.",
        works="Er zijn geplande werkzaamheden aan het netwerk. "
        "Zolang die duren, kunnen bellen en mobiele data beperkt zijn.",
        works_over="De geplande werkzaamheden aan het netwerk zijn klaar.",
        checking="Onze technici controleren nu het netwerk. We weten nog niet of deze lijn getroffen is.",
        unmeasured="Sinds {time} hebben we geen nieuwere metingen.",
    ),
}

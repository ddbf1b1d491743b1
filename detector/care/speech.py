"""What is said, as data: one row per language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """`trouble` by kind (see trouble.TROUBLES); `since`, `clear`, `solved` take a local time, `solved` its length, too;
    `dated` is a time of another day, `months` the names of the twelve. `other` names no place and no time, for whoever is
    told about another person's line. `overrun` takes the local time at which declared works should have ended; `withdrawn`
    takes a report back, without place or time: it may reach anyone who was told. So may `merged`: the problem goes on as
    part of a wider one. `works`, `works_over`: declared works, for someone who asks; `checking`: what was silenced.
    `unmeasured` takes the local time since which nothing newer is known."""

    trouble: Mapping[str, str]
    since: str
    clear: str
    working: str
    advice: str
    solved: str
    persists: str
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
        {
            "coverage": "There has been no mobile coverage in part of your area",
            "connecting": "Calls and mobile data have often failed to start in your area",
            "calls": "Calls have often failed to connect in your area",
            "dropping": "Calls and connections have sometimes dropped in your area",
            "slow": "Mobile data has been slow in your area",
        },
        " since {time}.",
        "We expect it to work again by about {time}.",
        "We are working on it.",
        "Wi-Fi helps in the meantime.",
        "The problem with the mobile network in your area ended at {time}, after {length}.",
        "If it still fails, switch the phone off and on.",
        "A mobile line you look after has a network problem at the moment. We are working on it.",
        "The network problem of a mobile line you look after is solved.",
        "We know of no network problem for this line right now.",
        "We cannot say for certain whether the network is the cause.",
        "{clock} on {day} {month}",
        "January February March April May June July August September October November December",
        "Planned works that were due to end at {time} are taking longer.",
        "We reported a network problem that was a false alarm: data that reached us late show that the network "
        "was working normally. You need not do anything.",
        "The network problem that we reported turned out to be part of a wider one. What we say about that "
        "one holds for this line, too.",
        "Planned works on the network are under way. Calls and mobile data may be limited while they last.",
        "The planned works on the network are finished.",
        "Our technicians are checking the network right now. We cannot say yet whether this line is affected.",
        "We have had no newer measurements since {time}.",
    ),
    "de": Phrases(
        {
            "coverage": "In einem Teil Ihrer Gegend gibt es kein Mobilfunknetz",
            "connecting": "Anrufe und mobile Daten starten in Ihrer Gegend oft nicht",
            "calls": "Anrufe kommen in Ihrer Gegend oft nicht zustande",
            "dropping": "Anrufe und Verbindungen können in Ihrer Gegend abbrechen",
            "slow": "Mobile Daten sind in Ihrer Gegend langsam",
        },
        ", seit {time}.",
        "Wir rechnen damit, dass es gegen {time} wieder geht.",
        "Wir arbeiten daran.",
        "In der Zwischenzeit hilft WLAN.",
        "Die Netzstörung in Ihrer Gegend ist seit {time} behoben; sie dauerte {length}.",
        "Hakt es noch, schalten Sie das Telefon bitte aus und ein.",
        "Ein Mobilfunkanschluss, um den Sie sich kümmern, hat gerade eine Netzstörung. Wir arbeiten daran.",
        "Die Netzstörung eines Mobilfunkanschlusses, um den Sie sich kümmern, ist behoben.",
        "Uns ist für diesen Anschluss gerade keine Netzstörung bekannt.",
        "Wir können nicht sicher sagen, ob es am Netz liegt.",
        "{day}. {month}, {clock} Uhr",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Geplante Arbeiten, die bis {time} dauern sollten, ziehen sich hin.",
        "Die Netzstörung, die wir gemeldet haben, war ein Fehlalarm: Verspätete Messdaten zeigen, dass das "
        "Netz normal lief. Sie müssen nichts tun.",
        "Die gemeldete Netzstörung gehört zu einer größeren Störung. Was wir zu dieser sagen, gilt auch für "
        "diesen Anschluss.",
        "Am Netz laufen geplante Arbeiten. Solange sie dauern, können Anrufe und mobile Daten eingeschränkt sein.",
        "Die geplanten Arbeiten am Netz sind abgeschlossen.",
        "Unsere Technik prüft gerade das Netz. Ob dieser Anschluss betroffen ist, können wir noch nicht sagen.",
        "Seit {time} liegen uns keine neueren Messungen vor.",
    ),
    "fr": Phrases(
        {
            "coverage": "Il n'y a pas de réseau mobile dans une partie de votre secteur",
            "connecting": "Les appels et les données mobiles ont du mal à démarrer dans votre secteur",
            "calls": "Les appels aboutissent mal dans votre secteur",
            "dropping": "Les appels et les connexions peuvent couper dans votre secteur",
            "slow": "Les données mobiles sont lentes dans votre secteur",
        },
        " depuis {time}.",
        "Nous pensons que tout remarchera vers {time}.",
        "Nous y travaillons.",
        "En attendant, le Wi-Fi peut aider.",
        "Le problème de réseau dans votre secteur est terminé depuis {time}, après {length}.",
        "S'il persiste, éteignez puis rallumez le téléphone.",
        "Une ligne mobile dont vous vous occupez a un problème de réseau en ce moment. Nous y travaillons.",
        "Le problème de réseau d'une ligne mobile dont vous vous occupez est résolu.",
        "Nous ne connaissons pas de problème de réseau pour cette ligne.",
        "Nous ne savons pas avec certitude si le réseau est en cause.",
        "le {day} {month} à {clock}",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "Des travaux prévus jusqu'à {time} durent plus longtemps.",
        "Le problème de réseau que nous avons signalé était une fausse alerte : des mesures reçues en retard "
        "montrent que le réseau fonctionnait normalement. Vous n'avez rien à faire.",
        "Le problème de réseau que nous avons signalé fait partie d'un problème plus large. Ce que nous "
        "disons de celui-ci vaut aussi pour cette ligne.",
        "Des travaux prévus sont en cours sur le réseau. Pendant ce temps, les appels et les données mobiles "
        "peuvent être limités.",
        "Les travaux prévus sur le réseau sont terminés.",
        "Nos techniciens vérifient le réseau en ce moment. Nous ne savons pas encore si cette ligne est touchée.",
        "Nous n'avons pas de mesures plus récentes depuis {time}.",
    ),
    "es": Phrases(
        {
            "coverage": "No hay cobertura móvil en parte de su zona",
            "connecting": "Las llamadas y los datos móviles fallan a menudo al empezar en su zona",
            "calls": "Las llamadas a menudo no se conectan en su zona",
            "dropping": "Las llamadas y conexiones pueden cortarse en su zona",
            "slow": "Los datos móviles van lentos en su zona",
        },
        " desde las {time}.",
        "Esperamos que vuelva a funcionar hacia las {time}.",
        "Estamos trabajando en ello.",
        "Mientras tanto, la wifi ayuda.",
        "El problema de la red móvil en su zona terminó a las {time}, tras {length}.",
        "Si sigue fallando, apague y encienda el teléfono.",
        "Una línea móvil a su cargo tiene ahora un problema de red. Estamos trabajando en ello.",
        "El problema de red de una línea móvil a su cargo está resuelto.",
        "No nos consta ningún problema de red en esta línea.",
        "No podemos asegurar que la causa sea la red.",
        "{clock} del {day} de {month}",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "Unos trabajos previstos hasta las {time} se alargan.",
        "El problema de red que comunicamos fue una falsa alarma: datos llegados con retraso muestran que "
        "la red funcionaba con normalidad. No tiene que hacer nada.",
        "El problema de red que comunicamos forma parte de otro más amplio. Lo que digamos de ese vale "
        "también para esta línea.",
        "Hay trabajos previstos en la red. Mientras duren, las llamadas y los datos móviles pueden verse limitados.",
        "Los trabajos previstos en la red han terminado.",
        "Nuestros técnicos están revisando la red en este momento. Aún no podemos decir si esta línea está afectada.",
        "No tenemos mediciones más recientes desde las {time}.",
    ),
    "it": Phrases(
        {
            "coverage": "In parte della sua zona manca la copertura mobile",
            "connecting": "Nella sua zona le chiamate e i dati mobili spesso non partono",
            "calls": "Nella sua zona le chiamate spesso non si collegano",
            "dropping": "Nella sua zona chiamate e connessioni possono cadere",
            "slow": "Nella sua zona i dati mobili sono lenti",
        },
        " dalle {time}.",
        "Contiamo che torni a funzionare verso le {time}.",
        "Ci stiamo lavorando.",
        "Nel frattempo il Wi-Fi aiuta.",
        "Il problema della rete mobile nella sua zona è finito alle {time}, dopo {length}.",
        "Se continua, spenga e riaccenda il telefono.",
        "Una linea mobile di cui si occupa ha ora un problema di rete. Ci stiamo lavorando.",
        "Il problema di rete di una linea mobile di cui si occupa è risolto.",
        "Non ci risultano problemi di rete per questa linea.",
        "Non possiamo dire con certezza se la causa sia la rete.",
        "{clock} del {day} {month}",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "Lavori previsti fino alle {time} si stanno prolungando.",
        "Il problema di rete che avevamo segnalato era un falso allarme: dati arrivati in ritardo mostrano "
        "che la rete funzionava normalmente. Non deve fare nulla.",
        "Il problema di rete che avevamo segnalato fa parte di uno più ampio. Quel che diciamo di quello "
        "vale anche per questa linea.",
        "Sono in corso lavori previsti sulla rete. Finché durano, chiamate e dati mobili possono essere limitati.",
        "I lavori previsti sulla rete sono terminati.",
        "I nostri tecnici stanno controllando la rete. Non sappiamo ancora se questa linea è interessata.",
        "Non abbiamo misure più recenti dalle {time}.",
    ),
    "nl": Phrases(
        {
            "coverage": "In een deel van uw omgeving is geen mobiel bereik",
            "connecting": "Bellen en mobiele data starten vaak niet in uw omgeving",
            "calls": "Bellen lukt vaak niet in uw omgeving",
            "dropping": "Gesprekken en verbindingen kunnen wegvallen in uw omgeving",
            "slow": "Mobiele data is traag in uw omgeving",
        },
        ", sinds {time}.",
        "We verwachten dat het rond {time} weer werkt.",
        "We werken eraan.",
        "Intussen helpt wifi.",
        "De storing in uw omgeving is sinds {time} voorbij en duurde {length}.",
        "Werkt het nog niet? Zet de telefoon uit en aan.",
        "Een mobiele lijn waar u voor zorgt heeft nu een netwerkstoring. We werken eraan.",
        "De netwerkstoring van een mobiele lijn waar u voor zorgt is opgelost.",
        "We kennen nu geen netwerkstoring voor deze lijn.",
        "We weten niet zeker of het aan het netwerk ligt.",
        "{day} {month} om {clock}",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "Geplande werkzaamheden tot {time} lopen uit.",
        "De storing die we meldden was vals alarm: gegevens die te laat binnenkwamen laten zien dat het "
        "netwerk normaal werkte. U hoeft niets te doen.",
        "De storing die we meldden hoort bij een grotere storing. Wat we daarover zeggen, geldt ook voor deze lijn.",
        "Er zijn geplande werkzaamheden aan het netwerk. Zolang die duren, kunnen bellen en mobiele data beperkt zijn.",
        "De geplande werkzaamheden aan het netwerk zijn klaar.",
        "Onze technici controleren nu het netwerk. We weten nog niet of deze lijn getroffen is.",
        "Sinds {time} hebben we geen nieuwere metingen.",
    ),
}
